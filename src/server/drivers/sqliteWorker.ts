/**
 * A thread with a SQLite database: its statements take milliseconds, for which the server would stand still. It is
 * loaded with next to nothing, so that it is there at once.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { parentPort } from "node:worker_threads";
import { answersBetween, maxAnswers, sequencesOfBatch } from "../sql/limits.ts";
import { isLate, lateOf, type Sealed, takeSegments, unsealed } from "../sql/late.ts";
import type {
  Command,
  Opening,
  PackedBatch,
  PackedIngested,
  Reply,
  Request,
} from "./sqliteProtocol.ts";

/** Ids that wait to be sorted into all others: there one would be written somewhere else each time. */
const maxLately = 65_536;
const maxStatements = 256;

const port = parentPort!;

let db: DatabaseSync;

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
  const cache = isReader ? 12_288 : 24_576;
  db.exec(`PRAGMA busy_timeout = 5000; PRAGMA cache_size = -${cache}; PRAGMA temp_store = MEMORY`);
  if (isReader) return;
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000");
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
// Ingestion
// -----------------------------------------------------------------------------

let lately: number | undefined;

const countLately = (): number => {
  const row = prepare("SELECT COUNT(*) AS count FROM seen_lately").get() as { count: number };
  return row.count;
};

const rollback = <A>(result: A): A => {
  db.exec("ROLLBACK");
  return result;
};

const ingest = (batch: PackedBatch): PackedIngested => {
  const { experimentId, serverTime, keyId, answer } = batch;
  const { ids, series, steps, times, values, allSeries } = batch.events;
  const count = series.length;
  lately ??= countLately();
  db.exec("BEGIN IMMEDIATE");

  const experiment = prepare("SELECT number, revision FROM experiments WHERE id = ?");
  experiment.setReturnArrays(false);
  const found = experiment.get(experimentId) as { number: number; revision: number } | undefined;
  if (found === undefined) return rollback({ _tag: "NoExperiment" });
  const { number, revision } = found;

  if (answer !== undefined) {
    const statement = prepare("SELECT request, status, type, body FROM answers WHERE id = ?");
    statement.setReturnArrays(false);
    const before = statement.get(answer.idempotencyKey) as
      | { request: string; status: number; type: string; body: string }
      | undefined;
    if (before !== undefined) {
      const { request, status, type, body } = before;
      const kept = { ...answer, request, answer: { status, contentType: type, body } };
      return rollback({ _tag: "Answered", kept });
    }
  }

  let added = 0;
  if (count > 0) {
    const first =
      Number(
        prepare("INSERT INTO batches (experiment, time, revision) VALUES (?, ?, ?)").run(
          number,
          serverTime,
          revision,
        ).lastInsertRowid,
      ) * sequencesOfBatch;
    const see = prepare(
      `INSERT INTO seen_lately SELECT ?1, ?2
        WHERE NOT EXISTS (SELECT 1 FROM seen WHERE experiment = ?1 AND id = ?2)
        ON CONFLICT DO NOTHING`,
    );
    const point = prepare("INSERT INTO points VALUES (?, ?, ?, ?, ?)");
    const findSeries = prepare(
      `SELECT number, sealed_step AS step, sealed_time AS time FROM series
        WHERE experiment = ? AND identity = ?`,
    );
    findSeries.setReturnArrays(false);
    const addSeries = prepare(
      "INSERT INTO series (experiment, identity, name, metadata, count) VALUES (?, ?, ?, ?, 0)",
    );
    const numbers = new Float64Array(allSeries.length);
    const counts = new Uint32Array(allSeries.length);
    const sealed: Array<Sealed> = [];
    const late: Array<number> = [];
    for (let i = 0; i < count; i++) {
      if (see.run(number, ids.subarray(i * 16, i * 16 + 16)).changes === 0) continue;
      const index = series[i]!;
      // Numbers start at 1.
      if (numbers[index] === 0) {
        const { key, name, metadata } = allSeries[index]!;
        const known = findSeries.get(number, key) as ({ number: number } & Sealed) | undefined;
        sealed[index] = known ?? unsealed;
        numbers[index] =
          known?.number ?? Number(addSeries.run(number, key, name, metadata).lastInsertRowid);
      }
      point.run(numbers[index]!, steps[i]!, times[i]!, first + i, values[i]!);
      if (isLate(sealed[index]!, steps[i]!, times[i]!)) late.push(i);
      counts[index]!++;
      added++;
    }
    const addCount = prepare("UPDATE series SET count = count + ? WHERE number = ?");
    for (const [index, more] of counts.entries()) {
      if (more > 0) addCount.run(more, numbers[index]!);
    }
    for (const { series, count, first, last } of lateOf(late, batch.events)) {
      const number = numbers[series]!;
      prepare("UPDATE series SET late = late + ? WHERE number = ?").run(count, number);
      prepare(takeSegments).run(number, first.step, first.time, last.step, last.time);
    }
    prepare("UPDATE experiments SET last_event = ? WHERE number = ?").run(serverTime, number);
  }
  if (keyId !== null) {
    prepare("UPDATE ingestion_keys SET last_used = ? WHERE id = ?").run(serverTime, keyId);
  }
  if (answer !== undefined) {
    const { status, contentType, body } = answer.answer;
    const kept = prepare(
      "INSERT INTO answers (id, request, status, type, body) VALUES (?, ?, ?, ?, ?)",
    ).run(answer.idempotencyKey, answer.request, status, contentType, body);
    const at = Number(kept.lastInsertRowid);
    if (at % answersBetween === 0) {
      prepare("DELETE FROM answers WHERE number <= ?").run(at - maxAnswers);
    }
  }
  const isMuch = lately + added >= maxLately;
  if (isMuch) {
    db.exec(`INSERT INTO seen SELECT experiment, id FROM seen_lately ORDER BY experiment, id;
      DELETE FROM seen_lately`);
  }
  db.exec("COMMIT");
  lately = isMuch ? 0 : lately + added;
  return { _tag: "Ingested", added };
};

// -----------------------------------------------------------------------------
// Commands
// -----------------------------------------------------------------------------

const act = (command: Command): unknown => {
  switch (command._tag) {
    case "Open":
      return open(command.opening);
    case "Run":
      return run(command);
    case "Ingest":
      try {
        return ingest(command.batch);
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK");
        throw error;
      }
    case "Close":
      statements.clear();
      db.close();
      held?.close();
      return undefined;
  }
};

port.on("message", ({ id, command }: Request) => {
  const answer = (result: Reply["result"], transfer: ReadonlyArray<ArrayBuffer> = []) => {
    const isTransaction = db?.isOpen && db.isTransaction;
    port.postMessage({ id, result, isTransaction } satisfies Reply, transfer);
  };
  try {
    const value = act(command);
    const isColumns =
      command._tag === "Run" && command.shape !== "rows" && command.shape !== "values";
    answer(
      { value },
      isColumns ? (value as ReadonlyArray<Float64Array<ArrayBuffer>>).map((one) => one.buffer) : [],
    );
  } catch (error) {
    const { message, errcode } = error as { message: string; errcode?: number };
    if (errcode === full && command._tag !== "Open") makeRoom();
    answer({ failure: { message, errno: errcode } });
  }
  if (command._tag === "Close") port.close();
});
