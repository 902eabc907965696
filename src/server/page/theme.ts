/** The colours of the stylesheet, for what is drawn by hand. */

export interface Theme {
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
  readonly palette: ReadonlyArray<string>;
}

/** How many colours there are. The eleventh line has that of the first. */
export const colors = 10;

/** Of lines of one colour. */
export const dashes: ReadonlyArray<ReadonlyArray<number>> = [
  [],
  [5, 3],
  [1.5, 2.5],
  [8, 3, 2, 3],
  [12, 4],
  [3, 3, 1, 3],
];

export const colorClass = (place: number): string => `color-${place % colors}`;
export const dashClass = (dash: number): string => `dash-${dash % dashes.length}`;

const read = (): Theme => {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: color("ink"),
    muted: color("muted"),
    grid: color("grid"),
    surface: color("surface"),
    palette: Array.from({ length: colors }, (_, i) => color(`color-${i}`)),
  };
};

let theme: Theme | undefined;

export const currentTheme = (): Theme => (theme ??= read());

/** Calls back when it becomes dark or light. */
export const onThemeChange = (changed: () => void, signal: AbortSignal): void =>
  matchMedia("(prefers-color-scheme: dark)").addEventListener(
    "change",
    () => {
      theme = undefined;
      changed();
    },
    { signal },
  );
