/** Batches of events, one after another in a transaction that is open: by the thread that writes. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { answersBetween, idSize, maxAnswers, sequencesOfBatch } from "../sql/limits.ts";
import { isLate, lateOf, type Sealed, takeSegments, unsealed } from "../sql/late.ts";
import type { PackedBatch, PackedIngested } from "./sqliteProtocol.ts";

/** Ids that wait to be sorted into all others: there one would be written somewhere else each time. */
const maxLately = 65_536;
/** How many points are added by one statement. */
const pointsAtOnce = 50;

const aPoint = "(?, ?, ?, ?, ?)";
const addPoint = `INSERT INTO points VALUES ${aPoint}`;
const addPoints = `INSERT INTO points VALUES ${Array(pointsAtOnce).fill(aPoint).join(", ")}`;

const addId = `INSERT INTO seen_lately SELECT ?1, ?2
  WHERE NOT EXISTS (SELECT 1 FROM seen WHERE experiment = ?1 AND id = ?2)
  ON CONFLICT DO NOTHING`;
const idAt = `substr(?2, place * ${idSize} + 1, ${idSize})`;
const addIds = `INSERT INTO seen_lately SELECT ?1, ${idAt} FROM temp.places
  WHERE place < ?3 AND NOT EXISTS (SELECT 1 FROM seen WHERE experiment = ?1 AND id = ${idAt})
  ON CONFLICT DO NOTHING`;

export interface Ingest {
  readonly add: (batch: PackedBatch) => PackedIngested;
  /** Before what was added is committed. */
  readonly tidy: () => void;
  /** What was added is undone. */
  readonly forget: () => void;
}

export const makeIngest = (db: DatabaseSync, prepare: (sql: string) => StatementSync): Ingest => {
  let lately: number | undefined;

  // Of a blob with all ids of a batch, each has one.
  db.exec(`CREATE TEMP TABLE places (place INTEGER PRIMARY KEY);
    WITH RECURSIVE places (place) AS
      (SELECT 0 UNION ALL SELECT place + 1 FROM places WHERE place < ${sequencesOfBatch - 1})
    INSERT INTO temp.places SELECT place FROM places`);

  const get = (sql: string, ...values: ReadonlyArray<string | number | Uint8Array>): unknown => {
    const statement = prepare(sql);
    statement.setReturnArrays(false);
    return statement.get(...values);
  };

  const countLately = (): number =>
    (get("SELECT COUNT(*) AS count FROM seen_lately") as { count: number }).count;

  /** Which ids are new, from the first to the last. Most often all are, which takes one statement to find out. */
  const see = (experiment: number, ids: Uint8Array, count: number): ((at: number) => boolean) => {
    db.exec("SAVEPOINT ids");
    const areNew = prepare(addIds).run(experiment, ids, count).changes === count;
    db.exec(areNew ? "RELEASE ids" : "ROLLBACK TO ids; RELEASE ids");
    if (areNew) return () => true;
    const one = prepare(addId);
    return (at) => one.run(experiment, ids.subarray(at * idSize, (at + 1) * idSize)).changes === 1;
  };

  const addAll = (points: ReadonlyArray<number>): void => {
    const width = 5;
    let at = 0;
    for (; at + pointsAtOnce * width <= points.length; at += pointsAtOnce * width) {
      prepare(addPoints).run(...points.slice(at, at + pointsAtOnce * width));
    }
    for (; at < points.length; at += width) prepare(addPoint).run(...points.slice(at, at + width));
  };

  /** Answers how many there were not yet. */
  const addEvents = (
    { number, revision }: { readonly number: number; readonly revision: number },
    { events, serverTime }: PackedBatch,
  ): number => {
    const { ids, series, steps, times, values, allSeries } = events;
    const { lastInsertRowid } = prepare(
      "INSERT INTO batches (experiment, time, revision) VALUES (?, ?, ?)",
    ).run(number, serverTime, revision);
    const first = Number(lastInsertRowid) * sequencesOfBatch;
    const addSeries = prepare(
      "INSERT INTO series (experiment, identity, name, metadata, count) VALUES (?, ?, ?, ?, 0)",
    );
    const numbers = new Float64Array(allSeries.length);
    const counts = new Uint32Array(allSeries.length);
    const sealed: Array<Sealed> = [];
    const late: Array<number> = [];
    const points: Array<number> = [];
    const isNew = see(number, ids, series.length);
    for (let i = 0; i < series.length; i++) {
      if (!isNew(i)) continue;
      const index = series[i]!;
      // Numbers start at 1.
      if (numbers[index] === 0) {
        const { key, name, metadata } = allSeries[index]!;
        const known = get(
          `SELECT number, sealed_step AS step, sealed_time AS time FROM series
            WHERE experiment = ? AND identity = ?`,
          number,
          key,
        ) as ({ number: number } & Sealed) | undefined;
        sealed[index] = known ?? unsealed;
        numbers[index] =
          known?.number ?? Number(addSeries.run(number, key, name, metadata).lastInsertRowid);
      }
      points.push(numbers[index]!, steps[i]!, times[i]!, first + i, values[i]!);
      if (isLate(sealed[index]!, steps[i]!, times[i]!)) late.push(i);
      counts[index]!++;
    }
    addAll(points);
    const addCount = prepare("UPDATE series SET count = count + ? WHERE number = ?");
    for (const [index, more] of counts.entries()) {
      if (more > 0) addCount.run(more, numbers[index]!);
    }
    for (const { series, count, first, last } of lateOf(late, events)) {
      const number = numbers[series]!;
      prepare("UPDATE series SET late = late + ? WHERE number = ?").run(count, number);
      prepare(takeSegments).run(number, first.step, first.time, last.step, last.time);
    }
    prepare("UPDATE experiments SET last_event = ? WHERE number = ?").run(serverTime, number);
    return counts.reduce((sum, count) => sum + count, 0);
  };

  const add = (batch: PackedBatch): PackedIngested => {
    const { experimentId, serverTime, keyId, answer, events } = batch;
    const experiment = get(
      "SELECT number, revision FROM experiments WHERE id = ?",
      experimentId,
    ) as { number: number; revision: number } | undefined;
    if (experiment === undefined) return { _tag: "NoExperiment" };

    if (answer !== undefined) {
      const before = get(
        "SELECT request, status, type, body FROM answers WHERE id = ?",
        answer.idempotencyKey,
      ) as { request: string; status: number; type: string; body: string } | undefined;
      if (before !== undefined) {
        const { request, status, type, body } = before;
        const kept = { ...answer, request, answer: { status, contentType: type, body } };
        return { _tag: "Answered", kept };
      }
    }

    lately ??= countLately();
    const added = events.series.length > 0 ? addEvents(experiment, batch) : 0;
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
    lately += added;
    return { _tag: "Ingested", added };
  };

  return {
    add,
    tidy: () => {
      if (lately === undefined || lately < maxLately) return;
      db.exec(`INSERT INTO seen SELECT experiment, id FROM seen_lately ORDER BY experiment, id;
        DELETE FROM seen_lately`);
      lately = 0;
    },
    forget: () => {
      lately = undefined;
    },
  };
};
