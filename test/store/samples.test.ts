/** A series in buckets is what a plain reading of its events gives, however they came and whatever was kept of them. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { type BucketQuery, type Buckets, type NewEvent, Store } from "../../src/server/store.ts";
import { Dice } from "../support/fuzz/dice.ts";
import { implementations, newExperiment } from "../support/stores.ts";

// -----------------------------------------------------------------------------
// Events
// -----------------------------------------------------------------------------

interface Kind {
  readonly step: (n: number, dice: Dice) => number | null;
  readonly time: (n: number, dice: Dice) => number;
}

type TimedEvent = NewEvent & { readonly clientTime: number };

const count = 9_500;

const kinds: Record<string, Kind> = {
  "one after the other": { step: (n) => n, time: (n) => 1.7e12 + n * 37 },
  "a little out of order, some far": {
    step: (n, dice) => (dice.int(3000) === 0 ? dice.int(n + 1) : Math.max(0, n - dice.int(40))),
    time: (n, dice) => 1.7e12 + n * 5 + dice.int(60),
  },
  "in no order": { step: (_, dice) => dice.int(count), time: (_, dice) => dice.int(1e6) },
  "far apart": { step: (n) => n * 1000, time: (n) => n * 60_000 },
  "some steps many times, and some none": {
    step: (n, dice) => (dice.int(3) === 0 ? null : dice.int(4) + (n >> 12)),
    time: (n, dice) => (n >> 3) + dice.int(2),
  },
  "without steps": { step: () => null, time: (n, dice) => n * 10 + dice.int(100) },
  "at one step and time": { step: () => 7, time: () => 7 },
};

const valueOf = (dice: Dice): number =>
  dice.int(50) === 0 ? (dice.int(2) - 0.5) * 2e9 : dice.int(1000) / 7 - 50;

const eventsOf = (dice: Dice, names = Object.keys(kinds)): ReadonlyArray<TimedEvent> =>
  Array.from({ length: count }, (_, n) =>
    names.map((name) => {
      const { step, time } = kinds[name]!;
      return {
        clientEventId: `${name} ${n}`,
        name,
        metadata: {},
        step: step(n, dice),
        clientTime: time(n, dice),
        value: valueOf(dice),
      };
    }),
  ).flat();

/** Those whose events no two have the same step and time, so that it does not matter which came first. */
const isTold = ["one after the other", "in no order", "far apart"];

/** Some of them again in a later batch, and some batches a little later than they were made. */
const batchesOf = (events: ReadonlyArray<TimedEvent>, dice: Dice) => {
  const batches = Array.from({ length: Math.ceil(events.length / 900) }, (_, i) => [
    ...events.slice(i * 900, (i + 1) * 900),
    ...Array.from({ length: 50 }, () => ({ ...events[dice.int((i + 1) * 800)]!, value: 1e300 })),
  ]);
  for (let i = 1; i < batches.length; i++) {
    if (dice.int(4) === 0) [batches[i - 1], batches[i]] = [batches[i]!, batches[i - 1]!];
  }
  return batches;
};

// -----------------------------------------------------------------------------
// A plain reading
// -----------------------------------------------------------------------------

interface Known extends Pick<TimedEvent, "step" | "value" | "clientTime"> {
  readonly place: number;
}

const inOrder = (a: Known, b: Known) =>
  (a.step ?? -1) - (b.step ?? -1) || a.clientTime - b.clientTime || a.place - b.place;

type Plain = { readonly [K in keyof Buckets]: ReadonlyArray<number> };

const least = (all: ReadonlyArray<number>) => all.reduce((a, b) => Math.min(a, b), Infinity);
const greatest = (all: ReadonlyArray<number>) => all.reduce((a, b) => Math.max(a, b), -Infinity);

const bucketOf = (unordered: ReadonlyArray<Known>) => {
  const events = unordered.toSorted(inOrder);
  const values = events.map(({ value }) => value);
  const times = events.map(({ clientTime }) => clientTime);
  const steps = events.flatMap(({ step }) => (step === null ? [] : [step]));
  return {
    count: events.length,
    min: least(values),
    max: greatest(values),
    mean: values.reduce((a, b) => a + b, 0) / values.length,
    last: values.at(-1)!,
    firstStep: steps.length === 0 ? -1 : least(steps),
    lastStep: steps.length === 0 ? -1 : greatest(steps),
    firstTime: least(times),
    lastTime: greatest(times),
  };
};

/** What there has to be, given the width that was chosen. */
const read = (events: ReadonlyArray<Known>, query: BucketQuery, width: number): Plain => {
  const xOf = ({ step, clientTime }: Known) => (query.axis === "step" ? step! : clientTime);
  const within = events.filter(
    (one) => xOf(one) >= (query.from ?? -Infinity) && xOf(one) <= (query.to ?? Infinity),
  );
  const groups = new Map<number, Array<Known>>();
  const ordered = within.toSorted((a, b) => xOf(a) - xOf(b) || inOrder(a, b));
  for (const [i, one] of ordered.entries()) {
    const key = width === 0 ? i : Math.floor(xOf(one) / width);
    groups.set(key, [...(width === 0 ? [] : (groups.get(key) ?? [])), one]);
  }
  const buckets = [...groups].toSorted(([a], [b]) => a - b).map(([, all]) => bucketOf(all));
  const column = (name: keyof Buckets) => buckets.map((one) => one[name]);
  return {
    count: column("count"),
    min: column("min"),
    max: column("max"),
    mean: column("mean"),
    last: column("last"),
    firstStep: column("firstStep"),
    lastStep: column("lastStep"),
    firstTime: column("firstTime"),
    lastTime: column("lastTime"),
  };
};

const queryOf = (events: ReadonlyArray<Known>, dice: Dice): BucketQuery => {
  const axis = dice.pick(["step", "time"] as const);
  const xs = events.map(({ step, clientTime }) => (axis === "step" ? step : clientTime) ?? 0);
  const [low, high] = [least(xs), greatest(xs)];
  const x = () => low - 5 + (high - low + 10) * (dice.int(1001) / 1000);
  const [a, b] = [x(), x()];
  return {
    axis,
    points: dice.pick([2, 7, 100, 1000, 5000]),
    ...(dice.int(3) === 0 ? {} : { from: Math.min(a, b) }),
    ...(dice.int(3) === 0 ? {} : { to: dice.int(9) === 0 ? Math.min(a, b) - 1 : Math.max(a, b) }),
    ...(dice.int(4) === 0 ? { width: 2 ** dice.int(24) } : {}),
  };
};

const check = (name: string, all: ReadonlyArray<Known>, query: BucketQuery) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const [series] = yield* store.series("a", name);
    const sample = yield* store.sample(series!, query);
    const what = `${name} ${JSON.stringify(query)}`;
    const onAxis = all.filter(({ step }) => query.axis === "time" || step !== null);
    const xs = onAxis.map(({ step, clientTime }) => (query.axis === "step" ? step! : clientTime));
    if (sample === undefined) {
      const [from, to] = [
        Math.max(query.from ?? -Infinity, least(xs)),
        Math.min(query.to ?? Infinity, greatest(xs)),
      ];
      assert.isAbove((to - from) / query.width!, 9998, what);
      return;
    }
    const { width, buckets, ...extent } = sample;
    assert.deepStrictEqual(extent, { count: xs.length, from: least(xs), to: greatest(xs) }, what);
    if (query.width !== undefined) assert.strictEqual(width, query.width, what);
    const { mean, ...expected } = read(onAxis, query, width);
    const { mean: found, ...rest } = Object.fromEntries(
      Object.entries(buckets).map(([key, column]) => [key, [...column]]),
    ) as { [K in keyof Buckets]: Array<number> };
    assert.deepStrictEqual(rest, expected, what);
    for (const [i, one] of found.entries()) {
      assert.approximately(
        one,
        mean[i]!,
        1e-9 * Math.max(1, Math.abs(rest.max[i]!), Math.abs(rest.min[i]!)),
        what,
      );
      assert.isTrue(one >= rest.min[i]! && one <= rest.max[i]!, what);
    }
    const total = rest.count.reduce((a, b) => a + b, 0);
    assert.isAtMost(rest.count.length, query.width === undefined ? query.points : 10_000, what);
    if (width > 1 && query.width === undefined) {
      // Half as wide they were too many.
      const [from, to] = [
        Math.max(query.from ?? -Infinity, least(xs)),
        Math.min(query.to ?? Infinity, greatest(xs)),
      ];
      const half = width / 2;
      assert.isAbove(Math.floor(to / half) - Math.floor(from / half) + 1, query.points, what);
      assert.isAbove(total, query.points, what);
    }
  });

// -----------------------------------------------------------------------------
// Stores
// -----------------------------------------------------------------------------

const experiment = newExperiment("a");

const ingest = (events: ReadonlyArray<TimedEvent>) =>
  Store.use((store) =>
    store.ingest({ experimentId: "a", serverTime: 9, keyId: null, answer: undefined, events }),
  );

/** The first with each id, by series. */
const knownOf = (batches: ReadonlyArray<ReadonlyArray<TimedEvent>>) => {
  const ids = new Set<string>();
  const known = new Map<string, Array<Known>>();
  for (const [place, event] of batches.flat().entries()) {
    if (ids.has(event.clientEventId)) continue;
    ids.add(event.clientEventId);
    const { step, value, clientTime } = event;
    const all = known.get(event.name) ?? [];
    all.push({ step, value, clientTime, place });
    known.set(event.name, all);
  }
  return known;
};

for (const { name, layer } of implementations) {
  const promise = (
    what: string,
    body: () => Generator<Effect.Effect<unknown, unknown, Store>, void>,
  ) => it.live(what, () => Effect.gen(body).pipe(Effect.provide(layer)), 120_000);

  describe(`samples of the store in ${name}`, () => {
    promise("are right while a series grows, whatever is asked", function* () {
      const dice = new Dice("grows");
      const store = yield* Store;
      yield* store.transaction(store.putExperiment(experiment));
      const batches = batchesOf(eventsOf(dice), dice);
      const parts = 2;
      for (let part = 0; part < parts; part++) {
        const size = Math.ceil(batches.length / parts);
        for (const batch of batches.slice(part * size, (part + 1) * size)) yield* ingest(batch);
        const known = knownOf(batches.slice(0, (part + 1) * size));
        for (const [name, events] of known) {
          for (let i = 0; i < 5; i++) yield* check(name, events, queryOf(events, dice));
        }
      }
    });

    promise("are right after many have written at once, and others read", function* () {
      const dice = new Dice("at once");
      const store = yield* Store;
      yield* store.transaction(store.putExperiment(experiment));
      const batches = batchesOf(eventsOf(dice, isTold), dice).map((batch) =>
        batch.filter(({ value }) => value !== 1e300),
      );
      const known = knownOf(batches);
      const reading = Effect.forEach(
        [...known.keys()],
        (name) =>
          Effect.gen(function* () {
            const [series] = yield* store.series("a", name);
            if (series !== undefined) yield* store.sample(series, { axis: "time", points: 50 });
          }),
        { discard: true },
      );
      yield* Effect.all(
        batches.map((batch, i) =>
          i % 5 === 0 ? Effect.andThen(ingest(batch), reading) : ingest(batch),
        ),
        { concurrency: 8, discard: true },
      );
      for (const [name, events] of known) {
        for (let i = 0; i < 6; i++) {
          yield* check(name, events, queryOf(events, dice));
        }
      }
    });
  });
}
