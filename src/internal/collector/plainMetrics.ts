import type { EventOptions } from "../../Collector.ts";
import { maxMetadataBytes } from "../contract/annotations.ts";
import { idOfText } from "../idOfText.ts";
import {
  isOf,
  isoOf,
  maxEpochMillis,
  noSeries,
  quoted,
  type Series,
  seriesOf,
} from "../ingest/plain.ts";

interface Written extends Series {
  readonly json: string;
  /** What it adds to what an id is made of. */
  readonly id: string;
  /** Whether the names are in order of their UTF-16 units. */
  readonly inOrder: boolean;
}

const written = (series: Series): Written => {
  const json = JSON.stringify(series.fields);
  return {
    ...series,
    json,
    id: series.names.length > 0 ? `,${json}` : "",
    inOrder: series.names.every((name, i) => i === 0 || name > String(series.names[i - 1])),
  };
};

const nothing = written(noSeries);

interface Named {
  /** Of an event, from the end of its id up to its value. */
  readonly event: string;
  /** Of what its id is made of, up to its step. */
  readonly id: string;
  /** Its last metadata, which is that of the next one more often than not. */
  last: Written;
  /** The end of the last event, behind its step, and what it was made of. */
  end: string;
  endAt: number;
  endOf: Written | undefined;
}

/** How many names are remembered; there are few, or something is wrong anyway. */
const maxNames = 1000;

/**
 * The metrics of one recorder, as most are: a finite value, a step, flat metadata if any, and the time is now. They are written in one go, id and all.
 */
export class PlainMetrics {
  readonly #run: string;
  readonly #names = new Map<string, Named>();

  constructor(slug: string) {
    this.#run = quoted(slug);
  }

  /** The JSON of a plain metric; `undefined` for any other. */
  encode(
    name: unknown,
    value: unknown,
    { metadata, step, timestamp }: EventOptions,
    now: number,
  ): string | undefined {
    if (typeof name !== "string" || name === "" || timestamp !== undefined) return undefined;
    if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
    if (step === undefined || !Number.isSafeInteger(step) || step < 0) return undefined;
    if (!(now >= 0 && now <= maxEpochMillis)) return undefined;
    const named = this.#names.get(name) ?? this.#name(name);
    let series: Written | undefined;
    if (metadata !== undefined) {
      if (!isOf(named.last, metadata)) {
        const another = seriesOf(metadata);
        if (another === undefined) return undefined;
        named.last = written(another);
      }
      series = named.last;
      // What an id is made of are the fields in order of their names.
      if (!series.inOrder || series.json.length * 3 > maxMetadataBytes) return undefined;
    }
    if (now !== named.endAt || series !== named.endOf) {
      const rest = series === undefined ? "" : `,"metadata":${series.json}`;
      named.end = `,"timestamp":"${isoOf(now)}"${rest}}`;
      named.endAt = now;
      named.endOf = series;
    }
    const id = idOfText(`${named.id}${step}${series === undefined ? "" : series.id}`);
    return `{"client_event_id":"${id}${named.event}${value},"step":${step}${named.end}`;
  }

  #name(name: string): Named {
    const json = quoted(name);
    const named: Named = {
      event: `","name":${json},"value":`,
      id: `${this.#run},${json},`,
      last: nothing,
      end: "",
      endAt: Number.NaN,
      endOf: undefined,
    };
    if (this.#names.size < maxNames) this.#names.set(name, named);
    return named;
  }
}
