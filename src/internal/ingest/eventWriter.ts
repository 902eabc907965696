/**
 * The events of one run, as most are: a finite value, flat metadata if any. They are written in one go, id and all.
 */
import * as SecureRandom from "effect/crypto/SecureRandom";
import { afterStep, beforeStep, idBytesOf } from "../base/clientEventId.ts";
import { bytesOf, Utf8 } from "../base/utf8.ts";
import { isOf, isStep, isTime, noSeries, type Series } from "../base/plainEvent.ts";
import { isName, seriesOf } from "./event.ts";
import { maxNames, metadataField, nameField, putEvent, timeField } from "./eventEncoder.ts";

/** How one generation of the API writes an event. A name and the rest are as they were made here. */
export interface EventFormat {
  /** The name as its field, with what stands behind it up to the value. */
  readonly nameField: (name: string) => Uint8Array;
  readonly metadataField: (series: Series) => string;
  /** What stands for metadata that was not given. */
  readonly noMetadata: string;
  readonly timeField: (time: number) => string;
  /** Appends an event: its id, its name, its value and its step, and then metadata and time. */
  readonly put: (
    out: Utf8,
    id: string | Uint8Array,
    name: Uint8Array,
    value: number,
    step: number | undefined,
    end: Uint8Array,
  ) => void;
}

export const formatV1: EventFormat = {
  nameField,
  metadataField,
  noMetadata: "",
  timeField,
  put: (out, id, name, value, step, end) => putEvent(out, id, name, value, step, end, undefined),
};

interface Written extends Series {
  readonly field: string;
  /** Of what an id is made of, behind the step. */
  readonly id: Uint8Array;
}

interface Named {
  readonly field: Uint8Array;
  /** Of what an id is made of, up to the step. */
  readonly id: Uint8Array;
  /** Its last metadata, which is that of the next one more often than not. */
  last: Written;
  /** The end of the last event, behind its step, and what it was made of. */
  end: Uint8Array;
  endAt: number;
  endOf: Written | undefined;
}

export class EventWriter {
  readonly #slug: string;
  readonly #maxMetadata: number;
  readonly #format: EventFormat;
  readonly #unique = SecureRandom.uuidV4Unsafe();
  readonly #empty: Written;
  /** What was not given. */
  readonly #nothing: Written;
  readonly #out = new Utf8();
  #unstepped = 0;
  readonly #names = new Map<string, Named>();

  /** An event whose metadata may take more bytes than that is not plain. No UTF-16 unit takes more than three. */
  constructor(format: EventFormat, slug: string, maxMetadata: number) {
    this.#format = format;
    this.#slug = slug;
    this.#maxMetadata = maxMetadata;
    this.#empty = this.#written(noSeries);
    this.#nothing = { ...this.#empty, field: format.noMetadata };
  }

  /** An id that no other event has. */
  uniqueId(): string {
    return `${this.#unique}/${++this.#unstepped}`;
  }

  /**
   * The JSON of a plain event, until the next one is written; `undefined` for any other. One without a step is like no
   * other.
   */
  write(
    name: unknown,
    value: unknown,
    step: unknown,
    metadata: unknown,
    now: number,
  ): Uint8Array | undefined {
    if (!isName(name) || (step !== undefined && !isStep(step)) || !isTime(now)) return undefined;
    if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
    const named = this.#names.get(name) ?? this.#name(name);
    let series = this.#nothing;
    if (metadata !== undefined) {
      if (!isOf(named.last, metadata)) {
        const another = seriesOf(metadata);
        if (another === undefined) return undefined;
        named.last = this.#written(another);
      }
      series = named.last;
      if (series.field.length * 3 > this.#maxMetadata) return undefined;
    }
    if (now !== named.endAt || series !== named.endOf) {
      named.end = bytesOf(series.field + this.#format.timeField(now));
      named.endAt = now;
      named.endOf = series;
    }
    const id = step === undefined ? this.uniqueId() : idBytesOf(named.id, step, series.id);
    const out = this.#out;
    out.length = 0;
    this.#format.put(out, id, named.field, value, step, named.end);
    return out.written;
  }

  #written(series: Series): Written {
    return {
      ...series,
      field: this.#format.metadataField(series),
      id: bytesOf(afterStep(series.fields)),
    };
  }

  #name(name: string): Named {
    const named: Named = {
      field: this.#format.nameField(name),
      id: bytesOf(beforeStep(this.#slug, name)),
      last: this.#empty,
      end: new Uint8Array(),
      endAt: Number.NaN,
      endOf: undefined,
    };
    if (this.#names.size < maxNames) this.#names.set(name, named);
    return named;
  }
}
