/** A place on the x axis that somebody wrote something about. */
export interface Mark {
  readonly x: number;
  /** A place in the palette. */
  readonly color: number;
  readonly text: string;
}
