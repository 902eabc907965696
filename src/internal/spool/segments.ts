/**
 * The files of one log: read in order, deleted when all in them is settled. Up to where it is settled in the first of
 * them is noted now and then in a small file beside them; what is not, is sent again, and the service knows the events
 * by their ids.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { PlatformError } from "effect/PlatformError";
import * as Semaphore from "effect/Semaphore";
import {
  type Block,
  decodeBlocks,
  type Encoded,
  isStatus,
  joinEntries,
  separator,
} from "./block.ts";
import { type Disk, failing, readWhole, withFile, writeWhole } from "./disk.ts";
import type { Batch, Kind, Limits, SpoolError } from "./service.ts";

const extension = ".spool";

/** Padded, so that names sort as their numbers do. */
export const segmentName = (number: number): string =>
  `${String(number).padStart(8, "0")}${extension}`;

interface Segment {
  readonly number: number;
  /** Bytes that are whole blocks. */
  end: number;
}

/** A position in the log: everything before it. */
interface Position {
  readonly segment: Segment;
  readonly offset: number;
}

/** A block, and where it begins and ends in the log. */
interface Found {
  readonly block: Block;
  readonly from: Position;
  readonly until: Position;
}

/** How many bytes of what was written last are held to be sent. */
const maxHeld = 4 * 1024 * 1024;

/** How often it is noted up to where metrics are settled, in milliseconds: it takes as long as sending some of them. */
const noteEvery = 250;

/** A batch that was read, in order. */
interface Reading {
  readonly until: Position;
  settled: boolean;
}

export class Segments {
  readonly #disk: Disk;
  readonly directory: string;
  readonly #limits: Limits;
  /** In order; those that are settled are no longer there. */
  readonly #segments: Array<Segment>;
  /** The last one is being written. */
  readonly #growing: boolean;
  #read: Position | undefined;
  #blocks: ReadonlyArray<Pick<Found, "block" | "until">> = [];
  #next = 0;
  /** What was written and need not be read again, in order, as far as there was room for it. */
  readonly #held: Array<Found> = [];
  #heldBytes = 0;
  readonly #readings: Array<Reading> = [];
  readonly #reclaiming = Semaphore.makeUnsafe(1);
  /** Up to where it is settled, when that is not noted yet. */
  #unnoted: Position | undefined;
  #notedAt = -Infinity;
  /** How many entries were polled. */
  polled = 0;
  /** How many of those are no events but the status of a run. */
  polledStatuses = 0;

  constructor(
    disk: Disk,
    directory: string,
    limits: Limits,
    found: { readonly segments: ReadonlyArray<Segment>; readonly offset: number } | undefined,
  ) {
    this.#disk = disk;
    this.directory = directory;
    this.#limits = limits;
    this.#segments = [...(found?.segments ?? [])];
    this.#growing = found === undefined;
    const [first] = this.#segments;
    if (found !== undefined && first !== undefined) {
      this.#read = { segment: first, offset: Math.min(found.offset, first.end) };
    }
  }

  #path(segment: Segment): string {
    return this.#disk.path.join(this.directory, segmentName(segment.number));
  }

  /** The appender has written up to here. */
  grow(number: number, end: number): void {
    const last = this.#segments.at(-1);
    if (last?.number === number) last.end = end;
    else this.#segments.push({ number, end });
  }

  /** Keeps what the appender wrote last, so that it can be sent without being read from the disk. */
  hold({ bytes, blocks }: Encoded): void {
    const segment = this.#segments.at(-1);
    if (segment === undefined) return;
    const start = segment.end - bytes.byteLength;
    let offset = start;
    for (const block of blocks) {
      const from = { segment, offset };
      offset = start + block.end;
      if (this.#heldBytes + block.body.length > maxHeld) continue;
      this.#held.push({ block, from, until: { segment, offset } });
      this.#heldBytes += block.body.length;
    }
  }

  /** What is held of the log from here on, without a gap. */
  #takeHeld(segment: Segment, start: number): ReadonlyArray<Found> {
    const ahead = this.#held.findIndex(
      ({ from }) =>
        from.segment.number > segment.number || (from.segment === segment && from.offset >= start),
    );
    let count = ahead === -1 ? this.#held.length : ahead;
    const taken: Array<Found> = [];
    let offset = start;
    for (let next = this.#held[count]; next !== undefined; next = this.#held[++count]) {
      if (next.from.segment !== segment || next.from.offset !== offset) break;
      offset = next.until.offset;
      taken.push(next);
    }
    for (const { block } of this.#held.splice(0, count)) this.#heldBytes -= block.body.length;
    return taken;
  }

  /** Blocks that were not read before, if there are any. */
  private readonly readOn: Effect.Effect<boolean, SpoolError> = Effect.suspend(() => {
    const from = this.#read;
    const segment =
      from !== undefined && from.offset < from.segment.end
        ? from.segment
        : this.#segments.find(({ number }) => number > (from?.segment.number ?? 0));
    if (segment === undefined) return Effect.succeed(false);
    const start = segment === from?.segment ? from.offset : 0;
    const path = this.#path(segment);
    const held = this.#takeHeld(segment, start);
    const last = held.at(-1);
    if (last !== undefined) {
      // Another process may have taken it, and sends it.
      return this.#disk.fs.access(path).pipe(
        failing("read", path),
        Effect.map(() => {
          this.#blocks = held;
          this.#next = 0;
          this.#read = last.until;
          return true;
        }),
      );
    }
    const [next] = this.#held;
    const end = next?.from.segment === segment ? next.from.offset : segment.end;
    return withFile(this.#disk, path, "r", (file) => {
      const bytes = new Uint8Array(end - start);
      const fill = (filled: number): Effect.Effect<number, PlatformError> =>
        filled === bytes.byteLength
          ? Effect.succeed(filled)
          : Effect.flatMap(
              file.read(bytes.subarray(filled), { position: BigInt(start + filled) }),
              (count) => (count === 0 ? Effect.succeed(filled) : fill(filled + count)),
            );
      return Effect.map(fill(0), (filled) => bytes.subarray(0, filled));
    }).pipe(
      failing("read", path),
      Effect.flatMap((bytes) => {
        const { blocks, damaged, torn } = decodeBlocks(bytes);
        this.#blocks = blocks.map((block) => ({
          block,
          until: { segment, offset: start + block.end },
        }));
        this.#next = 0;
        this.#read = { segment, offset: end };
        const lost = damaged + torn;
        const found = Effect.succeed(true);
        return lost === 0
          ? found
          : Effect.andThen(
              Effect.logError(`${lost} bytes of ${path} are damaged and skipped`),
              found,
            );
      }),
    );
  });

  /** The next events, as many as go together. */
  readonly poll: Effect.Effect<Batch | undefined, SpoolError> = Effect.gen(
    { self: this },
    function* () {
      while (this.#next === this.#blocks.length) if (!(yield* this.readOn)) return undefined;
      return this.#pollMemory();
    },
  );

  /** The same of what was read from the disk already. */
  #pollMemory(): Batch | undefined {
    const { maxBytes, maxEvents } = this.#limits;
    const bodies: Array<Uint8Array> = [];
    let kind: Kind | undefined;
    let count = 0;
    let bytes = 0;
    let until: Position | undefined;
    for (
      let found = this.#blocks[this.#next];
      found !== undefined;
      found = this.#blocks[this.#next]
    ) {
      const { block } = found;
      const fits = count + block.count <= maxEvents && bytes + block.body.length <= maxBytes;
      if (kind !== undefined && (block.kind !== kind || isStatus(kind) || !fits)) break;
      kind = block.kind;
      count += block.count;
      bytes += block.body.length + separator.length;
      bodies.push(block.body);
      until = found.until;
      this.#next++;
    }
    if (kind === undefined || until === undefined) return undefined;
    this.polled += count;
    if (isStatus(kind)) this.polledStatuses += count;
    const reading: Reading = { until, settled: false };
    this.#readings.push(reading);
    return { kind, count, body: joinEntries(bodies), settle: this.#settle(reading, kind) };
  }

  /** All that is in memory, as the files are gone. */
  rescue(): ReadonlyArray<Batch> {
    this.#blocks = [...this.#blocks.slice(this.#next), ...this.#held.splice(0)];
    this.#next = 0;
    this.#heldBytes = 0;
    const batches: Array<Batch> = [];
    for (let read = this.#pollMemory(); read !== undefined; read = this.#pollMemory()) {
      batches.push(read);
    }
    return batches;
  }

  #settle(reading: Reading, kind: Kind): Effect.Effect<void> {
    return Effect.suspend(() => {
      reading.settled = true;
      // What has no id that the service would know it by is noted at once.
      if (kind !== "metric") this.#notedAt = -Infinity;
      return this.#reclaiming.withPermits(1)(this.#reclaim);
    });
  }

  /**
   * Deletes what is settled from the beginning on, and notes now and then where it ends. It is tidiness: what fails
   * here is only sent again.
   */
  readonly #reclaim: Effect.Effect<void> = Effect.suspend(() => {
    let until: Position | undefined;
    for (let first = this.#readings[0]; first?.settled; first = this.#readings[0]) {
      until = first.until;
      this.#readings.shift();
    }
    if (until === undefined) return Effect.void;
    const { segment, offset } = until;
    const settled = this.#segments.filter(
      (one) =>
        one.number < segment.number ||
        (one === segment && offset >= one.end && !(this.#growing && one === this.#segments.at(-1))),
    );
    this.#segments.splice(0, settled.length);
    this.#unnoted = settled.includes(segment) ? undefined : until;
    const { fs } = this.#disk;
    const deleting = Effect.forEach(settled, (one) => fs.remove(this.#path(one), { force: true }), {
      discard: true,
    });
    return Effect.andThen(
      Effect.ignore(deleting),
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        if (now - this.#notedAt < noteEvery) return Effect.void;
        this.#notedAt = now;
        return this.note;
      }),
    );
  });

  /** Notes up to where it is settled, for whoever reads on from here. */
  readonly note: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#unnoted === undefined) return Effect.void;
    const { segment, offset } = this.#unnoted;
    this.#unnoted = undefined;
    const path = this.#disk.path.join(this.directory, positionName);
    const text = JSON.stringify({ segment: segment.number, offset });
    return Effect.ignore(writeWhole(this.#disk, path, text));
  });
}

const positionName = "settled.json";

/** Looks through the files of a log that nobody writes any more, and cuts torn writes off. */
export const findSegments = (
  disk: Disk,
  directory: string,
): Effect.Effect<
  {
    readonly segments: ReadonlyArray<Segment>;
    readonly offset: number;
    /** Events that are not settled. */
    readonly events: number;
    /** How the run stands, as far as it is written here. */
    readonly status: Kind | undefined;
  },
  SpoolError
> =>
  Effect.gen(function* () {
    const { fs, path } = disk;
    const names = yield* fs.readDirectory(directory).pipe(failing("read", directory));
    const note = yield* fs
      .readFileString(path.join(directory, positionName))
      .pipe(Effect.orElseSucceed(() => ""));
    const from = parsePosition(note);
    const segments: Array<Segment> = [];
    let status: Kind | undefined;
    let offset = 0;
    let events = 0;
    for (const name of names.filter((name) => name.endsWith(extension)).toSorted()) {
      const number = Number.parseInt(name, 10);
      const file = path.join(directory, name);
      if (number < from.segment) {
        yield* fs.remove(file, { force: true }).pipe(failing("remove", file));
        continue;
      }
      const bytes = yield* readWhole(disk, file).pipe(failing("read", file));
      const { blocks, torn } = decodeBlocks(bytes);
      const end = bytes.byteLength - torn;
      if (torn > 0) {
        yield* fs.truncate(file, end).pipe(failing("write", file));
        yield* Effect.logWarning(`${torn} bytes of a write that was cut short are cut off ${file}`);
      }
      const start = number === from.segment ? from.offset : 0;
      if (segments.length === 0) offset = start;
      segments.push({ number, end });
      for (const block of blocks) {
        if (block.end <= start) continue;
        if (isStatus(block.kind)) status = block.kind;
        else events += block.count;
      }
    }
    return { segments, offset, events, status };
  });

const parsePosition = (note: string): { readonly segment: number; readonly offset: number } => {
  try {
    const { segment, offset } = JSON.parse(note);
    if (Number.isSafeInteger(segment) && Number.isSafeInteger(offset)) return { segment, offset };
  } catch {
    // From the beginning, then.
  }
  return { segment: 0, offset: 0 };
};
