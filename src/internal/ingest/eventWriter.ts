/**
 * The events of one run, as most are: a finite value, flat metadata if any. They are written in one go, id and all.
 */
import * as SecureRandom from "effect/crypto/SecureRandom";
import { canonical, idOfText } from "../base/clientEventId.ts";
import type { MetricInput } from "../wire/v1/metricInput.ts";
import { isName, isOf, isStep, isTime, noSeries, type Series, seriesOf } from "./event.ts";

/** The name of a field as JSON, with what stands before it. */
const before = (name: keyof typeof MetricInput.Encoded, mark = ","): string =>
  `${mark}${JSON.stringify(name)}:`;

// A bundler drops these where nothing is recorded, and would keep a pattern.
const beforeId = before("client_event_id", "{");
const beforeName = before("name");
const beforeValue = before("value");
const beforeStep = before("step");
const beforeMetadata = before("metadata");
const beforeTime = before("timestamp_ms");

/** Short strings of ordinary characters, which most are, are quoted faster by hand. */
const quoted = (text: string): string => {
  if (text.length > 64) return JSON.stringify(text);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // What JSON escapes: control characters, the quote, the backslash, and of the surrogates those that are alone.
    if (unit < 0x20 || unit === 0x22 || unit === 0x5c || unit >= 0xd800) {
      return JSON.stringify(text);
    }
  }
  return `"${text}"`;
};

interface Written extends Series {
  readonly json: string;
  /** What it adds to what an id is made of: the fields in order of their names. */
  readonly id: string;
}

const written = (series: Series): Written => {
  const { fields, names } = series;
  return {
    ...series,
    json: JSON.stringify(fields),
    id: names.length > 0 ? `,${canonical(fields)}` : "",
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

export class EventWriter {
  readonly #run: string;
  readonly #maxMetadata: number;
  readonly #unique = SecureRandom.uuidV4Unsafe();
  #unstepped = 0;
  readonly #names = new Map<string, Named>();

  /** Metadata of more UTF-16 units of JSON than that is not plain. */
  constructor(slug: string, maxMetadata: number) {
    this.#run = quoted(slug);
    this.#maxMetadata = maxMetadata;
  }

  /** An id that no other event has. */
  uniqueId(): string {
    return `${this.#unique}/${++this.#unstepped}`;
  }

  /** The JSON of a plain event; `undefined` for any other. One without a step is like no other. */
  write(
    name: unknown,
    value: unknown,
    step: unknown,
    metadata: unknown,
    now: number,
  ): string | undefined {
    if (!isName(name) || (step !== undefined && !isStep(step)) || !isTime(now)) return undefined;
    if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
    const named = this.#names.get(name) ?? this.#name(name);
    let series: Written | undefined;
    if (metadata !== undefined) {
      if (!isOf(named.last, metadata)) {
        const another = seriesOf(metadata);
        if (another === undefined) return undefined;
        named.last = written(another);
      }
      series = named.last;
      if (series.json.length > this.#maxMetadata) return undefined;
    }
    if (now !== named.endAt || series !== named.endOf) {
      const rest = series === undefined ? "" : `${beforeMetadata}${series.json}`;
      named.end = `${rest}${beforeTime}${now}}`;
      named.endAt = now;
      named.endOf = series;
    }
    const id =
      step === undefined
        ? this.uniqueId()
        : idOfText(`${named.id}${step}${series === undefined ? "" : series.id}`);
    return `${beforeId}"${id}${named.event}${value}${beforeStep}${step ?? null}${named.end}`;
  }

  #name(name: string): Named {
    const json = quoted(name);
    const named: Named = {
      event: `"${beforeName}${json}${beforeValue}`,
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
