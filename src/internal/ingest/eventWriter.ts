/**
 * The events of one run, as most are: a finite value, flat metadata if any. They are written in one go, id and all.
 */
import * as SecureRandom from "effect/crypto/SecureRandom";
import { afterStep, beforeStep, idBytesOf } from "../base/clientEventId.ts";
import { bytesOf, Utf8 } from "../base/utf8.ts";
import { isName, isOf, isStep, isTime, noSeries, type Series, seriesOf } from "./event.ts";
import { maxNames, metadataField, nameField, putEvent, timeField } from "./eventEncoder.ts";

interface Written extends Series {
  readonly field: string;
  /** Of what an id is made of, behind the step. */
  readonly id: Uint8Array;
}

const written = (series: Series): Written => ({
  ...series,
  field: metadataField(series),
  id: bytesOf(afterStep(series.fields)),
});

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
  readonly #unique = SecureRandom.uuidV4Unsafe();
  readonly #nothing = written(noSeries);
  readonly #out = new Utf8();
  #unstepped = 0;
  readonly #names = new Map<string, Named>();

  /** An event whose metadata may take more bytes than that is not plain. No UTF-16 unit takes more than three. */
  constructor(slug: string, maxMetadata: number) {
    this.#slug = slug;
    this.#maxMetadata = maxMetadata;
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
    let series: Written | undefined;
    if (metadata !== undefined) {
      if (!isOf(named.last, metadata)) {
        const another = seriesOf(metadata);
        if (another === undefined) return undefined;
        named.last = written(another);
      }
      series = named.last;
      if (series.field.length * 3 > this.#maxMetadata) return undefined;
    }
    if (now !== named.endAt || series !== named.endOf) {
      named.end = bytesOf(`${series === undefined ? "" : series.field}${timeField(now)}`);
      named.endAt = now;
      named.endOf = series;
    }
    const id =
      step === undefined
        ? this.uniqueId()
        : idBytesOf(named.id, step, (series ?? this.#nothing).id);
    const out = this.#out;
    out.length = 0;
    putEvent(out, id, named.field, value, step, named.end, undefined);
    return out.written;
  }

  #name(name: string): Named {
    const named: Named = {
      field: nameField(name),
      id: bytesOf(beforeStep(this.#slug, name)),
      last: this.#nothing,
      end: new Uint8Array(),
      endAt: Number.NaN,
      endOf: undefined,
    };
    if (this.#names.size < maxNames) this.#names.set(name, named);
    return named;
  }
}
