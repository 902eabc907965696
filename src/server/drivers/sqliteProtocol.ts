/** What a thread with a SQLite database is told, and what it answers. */
import type { KeptAnswer } from "../store.ts";
import type { PackedEvents } from "../sql/packed.ts";

/** How the thread opens the database. */
export interface Opening {
  readonly file: string;
  readonly isReader: boolean;
  /** A file that is held locked for as long as the thread lives: one process writes at a time. */
  readonly lock: string | undefined;
}

/** A batch whose texts are as a database takes them. */
export interface PackedBatch {
  readonly experimentId: string;
  readonly serverTime: number;
  readonly keyId: string | null;
  readonly events: PackedEvents;
  readonly answer: KeptAnswer | undefined;
}

export type PackedIngested =
  | { readonly _tag: "Ingested"; readonly added: number }
  | { readonly _tag: "NoExperiment" }
  | { readonly _tag: "Answered"; readonly kept: KeptAnswer };

/** What a statement's rows come as: of very many, no more than one is there as a row at a time. */
export type Shape = "rows" | "values" | "columns" | "manyColumns";

export type Command =
  | { readonly _tag: "Open"; readonly opening: Opening }
  | {
      readonly _tag: "Run";
      readonly sql: string;
      readonly params: ReadonlyArray<unknown>;
      readonly shape: Shape;
    }
  | { readonly _tag: "Ingest"; readonly batch: PackedBatch }
  | { readonly _tag: "Close" };

export interface Request {
  readonly id: number;
  readonly command: Command;
}

/** What SQLite says when it does not do it. */
export interface Failure {
  readonly message: string;
  readonly errno: number | undefined;
}

export interface Reply {
  readonly id: number;
  readonly result: { readonly value: unknown } | { readonly failure: Failure };
  /** Whether a transaction is open after it. */
  readonly isTransaction: boolean;
}
