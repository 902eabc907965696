/**
 * A thread with a SQLite database: its statements take milliseconds, for which the server would stand still. It is
 * loaded with next to nothing, so that it is there at once.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { parentPort, receiveMessageOnPort } from "node:worker_threads";
import { type Ingest, makeIngest } from "./sqliteIngest.ts";
import type { Command, Opening, Reply, Request } from "./sqliteProtocol.ts";

const maxStatements = 256;

const port = parentPort!;

let db: DatabaseSync;
let ingest: Ingest;

/** Kept so that it is not collected, and let go. */
let held: DatabaseSync | undefined;

const open = ({ file, isReader, lock }: Opening): void => {
  if (lock !== undefined) {
    held = new DatabaseSync(lock);
    // The system lets go of it when the process ends, however it ends.
    held.exec("BEGIN EXCLUSIVE");
  }
  db = new DatabaseSync(file, { readOnly: isReader });
  // Ids are looked for all over the place, points are read in a row. In KiB.
  const cache = isReader ? 16_384 : 32_768;
  db.exec(`PRAGMA busy_timeout = 5000; PRAGMA cache_size = -${cache}; PRAGMA temp_store = MEMORY`);
  if (isReader) return;
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000");
  ingest = makeIngest(db, prepare);
};

/** SQLITE_FULL */
const full = 13;

/** The log may hold what could lie in the database itself by now. */
const makeRoom = (): void => {
  if (db.isTransaction) return;
  try {
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // There is no room for that either.
  }
};

// -----------------------------------------------------------------------------
// Statements
// -----------------------------------------------------------------------------

/** The last used is the last. */
const statements = new Map<string, StatementSync>();

const prepare = (sql: string): StatementSync => {
  const statement = statements.get(sql) ?? db.prepare(sql);
  statements.delete(sql);
  statements.set(sql, statement);
  if (statements.size > maxStatements) statements.delete(statements.keys().next().value!);
  return statement;
};

/** Slower by a row than all at once. */
const readMany = (statement: StatementSync, values: ReadonlyArray<SQLInputValue>) => {
  const width = statement.columns().length;
  let columns = Array.from({ length: width }, () => new Float64Array(16_384));
  let length = 0;
  for (const one of statement.iterate(...values) as Iterable<unknown>) {
    const row = one as ReadonlyArray<number>;
    if (length === columns[0]!.length) {
      columns = columns.map((column) => {
        const more = new Float64Array(length * 2);
        more.set(column);
        return more;
      });
    }
    for (let column = 0; column < width; column++) columns[column]![length] = row[column]!;
    length++;
  }
  return columns.map((column) => column.slice(0, length));
};

const run = ({ sql, params, shape }: Extract<Command, { _tag: "Run" }>): unknown => {
  const statement = prepare(sql);
  statement.setReturnArrays(shape !== "rows");
  const values = params as ReadonlyArray<SQLInputValue>;
  if (shape === "manyColumns") return readMany(statement, values);
  const rows = statement.all(...values) as ReadonlyArray<unknown>;
  if (shape !== "columns") return rows;
  const width = statement.columns().length;
  const columns = Array.from({ length: width }, () => new Float64Array(rows.length));
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as ReadonlyArray<number>;
    for (let column = 0; column < width; column++) columns[column]![i] = row[column]!;
  }
  return columns;
};

// -----------------------------------------------------------------------------
// Commands
// -----------------------------------------------------------------------------

type Result = Reply["result"];
type Batch = Request & { readonly command: Extract<Command, { readonly _tag: "Ingest" }> };

const isBatch = (request: Request): request is Batch => request.command._tag === "Ingest";

const failureOf = (error: unknown): Result => {
  const { message, errcode } = error as { message: string; errcode?: number };
  return { failure: { message, errno: errcode } };
};

const answer = ({ id, command }: Request, result: Result): void => {
  const isFull = "failure" in result && result.failure.errno === full;
  if (isFull && command._tag !== "Open") makeRoom();
  const isColumns =
    command._tag === "Run" && command.shape !== "rows" && command.shape !== "values";
  const transfer =
    isColumns && "value" in result
      ? (result.value as ReadonlyArray<Float64Array<ArrayBuffer>>).map(({ buffer }) => buffer)
      : [];
  const isTransaction = db?.isOpen && db.isTransaction;
  port.postMessage({ id, result, isTransaction } satisfies Reply, transfer);
};

const act = (command: Exclude<Command, Batch["command"]>): unknown => {
  switch (command._tag) {
    case "Open":
      return open(command.opening);
    case "Run":
      return run(command);
    case "Close":
      statements.clear();
      db.close();
      held?.close();
      return undefined;
  }
};

/** One that fails leaves nothing behind. */
const addBatch = ({ command }: Batch): Result => {
  db.exec("SAVEPOINT batch");
  try {
    const value = ingest.add(command.batch);
    db.exec("RELEASE batch");
    return { value };
  } catch (error) {
    // Where there is no room, all of the transaction may be undone by now.
    if (!db.isTransaction) throw error;
    db.exec("ROLLBACK TO batch; RELEASE batch");
    return failureOf(error);
  }
};

/**
 * Keeps a batch, and those that wait behind it, by one transaction: they wait for the disk together. Answers what else
 * was waiting.
 */
const addBatches = (first: Batch): Request | undefined => {
  const batches = [first];
  let results: Array<Result> = [];
  let other: Request | undefined;
  try {
    db.exec("BEGIN IMMEDIATE");
    results.push(addBatch(first));
    // They are no more than the server lets wait here.
    while (other === undefined) {
      const next: Request | undefined = receiveMessageOnPort(port)?.message;
      if (next === undefined) break;
      if (isBatch(next)) {
        batches.push(next);
        results.push(addBatch(next));
      } else other = next;
    }
    ingest.tidy();
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    ingest.forget();
    results = batches.map(() => failureOf(error));
  }
  for (const [i, batch] of batches.entries()) answer(batch, results[i]!);
  return other;
};

const handle = (request: Request): void => {
  if (isBatch(request)) {
    const other = addBatches(request);
    if (other !== undefined) handle(other);
    return;
  }
  try {
    // The command of one that is no batch.
    answer(request, { value: act(request.command as Exclude<Command, Batch["command"]>) });
  } catch (error) {
    answer(request, failureOf(error));
  }
  if (request.command._tag === "Close") port.close();
};

port.on("message", handle);
