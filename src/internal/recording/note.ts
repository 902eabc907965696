import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import * as Semaphore from "effect/Semaphore";
import type { Outgoing } from "../spool/service.ts";
import type { ExperimentInput } from "./service.ts";

/** What is noted with a log: enough for a later process to go on with it. */
export interface Note {
  /** What the experiment is opened with. */
  readonly input: ExperimentInput;
  /** Of the experiment, once it is open. */
  readonly id?: string;
  /** When the run began, by what the service has said; Unix milliseconds. */
  readonly startedAt?: number;
  /**
   * Requests whose answer has not come, where a second one would count: under their keys, when they were last sent, in
   * Unix milliseconds.
   */
  readonly unanswered?: { readonly [key: string]: number };
}

export const writeNote = (note: Note): string => JSON.stringify(note);

const isOptional = <A>(is: (u: unknown) => u is A, u: unknown): boolean => u === undefined || is(u);

const isNote = (u: unknown): u is Note => {
  if (!Predicate.isObject(u)) return false;
  const { id, input, startedAt, unanswered } = u as Record<string, unknown>;
  return (
    Predicate.hasProperty(input, "slug") &&
    Predicate.isString(input.slug) &&
    isOptional(Predicate.isString, id) &&
    isOptional(Predicate.isNumber, startedAt) &&
    (unanswered === undefined ||
      (Predicate.isObject(unanswered) && Object.values(unanswered).every(Predicate.isNumber)))
  );
};

/** It is our own writing; of one that is not, the slug is left. */
const readNote = (text: string, slug: string): Note => {
  try {
    const note: unknown = JSON.parse(text);
    if (isNote(note)) return note;
  } catch {
    // It is none.
  }
  return { input: { slug } };
};

/** The note of one log. */
export class Noted {
  readonly #log: Pick<Outgoing, "keepNote">;
  #note: Note;
  /** It is one file, which two cannot write. */
  readonly #oneAtATime = Semaphore.makeUnsafe(1);

  constructor({
    destination,
    keepNote,
    note,
  }: Pick<Outgoing, "destination" | "note" | "keepNote">) {
    this.#log = { keepNote };
    this.#note = readNote(note(), destination.slug);
  }

  get now(): Note {
    return this.#note;
  }

  /** A request is on its way, of which a second one would count. */
  sending(key: string): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) =>
      this.keep({ unanswered: { ...this.#note.unanswered, [key]: now } }),
    );
  }

  /** It was answered, which is noted with what is noted next. */
  answered(key: string): void {
    const { [key]: _, ...unanswered } = this.#note.unanswered ?? {};
    this.#note = { ...this.#note, unanswered };
  }

  keep(more: Partial<Note>): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#note = { ...this.#note, ...more };
      return this.#oneAtATime.withPermits(1)(
        Effect.suspend(() => this.#log.keepNote(writeNote(this.#note))),
      );
    }).pipe(Effect.uninterruptible);
  }
}
