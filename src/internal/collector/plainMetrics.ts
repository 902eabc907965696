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
  /** Whether the names are in order of their UTF-16 units. */
  readonly inOrder: boolean;
}

const written = (series: Series): Written => ({
  ...series,
  json: JSON.stringify(series.fields),
  inOrder: series.names.every((name, i) => i === 0 || name > String(series.names[i - 1])),
});

const nothing = written(noSeries);

interface Named {
  /** Of an event, up to its value. */
  readonly event: string;
  /** Of what its id is made of, up to its step. */
  readonly id: string;
  /** Its last metadata, which is that of the next one more often than not. */
  last: Written;
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
    let id = `${named.id}${step}`;
    let end = `,"step":${step},"timestamp":"${isoOf(now)}"`;
    if (metadata !== undefined) {
      if (!isOf(named.last, metadata)) {
        const series = seriesOf(metadata);
        if (series === undefined) return undefined;
        named.last = written(series);
      }
      const { inOrder, json, names } = named.last;
      // What an id is made of are the fields in order of their names.
      if (!inOrder || json.length * 3 > maxMetadataBytes) return undefined;
      if (names.length > 0) id += `,${json}`;
      end += `,"metadata":${json}`;
    }
    return `{"client_event_id":"${idOfText(id)}"${named.event}${value}${end}}`;
  }

  #name(name: string): Named {
    const json = quoted(name);
    const named = {
      event: `,"name":${json},"value":`,
      id: `${this.#run},${json},`,
      last: nothing,
    };
    if (this.#names.size < maxNames) this.#names.set(name, named);
    return named;
  }
}
