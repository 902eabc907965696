import type { EventOptions } from "../../Collector.ts";
import { maxMetadataBytes } from "../contract/annotations.ts";
import { idOfText } from "../idOfText.ts";
import { isoOf, isPlainMetadata, maxEpochMillis, quoted } from "../ingest/plain.ts";

/** The JSON of metadata whose fields are in order of their names already: it is also what the id of an event is made of. */
const inOrder = (metadata: unknown): string | undefined => {
  if (!isPlainMetadata(metadata)) return undefined;
  let last = "";
  for (const name in metadata) {
    if (name < last) return undefined;
    last = name;
  }
  const json = JSON.stringify(metadata);
  return json.length * 3 > maxMetadataBytes ? undefined : json;
};

interface Named {
  /** Of an event, up to its value. */
  readonly event: string;
  /** Of what its id is made of, up to its step. */
  readonly id: string;
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
      const json = inOrder(metadata);
      if (json === undefined) return undefined;
      if (json !== "{}") id += `,${json}`;
      end += `,"metadata":${json}`;
    }
    return `{"client_event_id":"${idOfText(id)}"${named.event}${value}${end}}`;
  }

  #name(name: string): Named {
    const json = quoted(name);
    const named = { event: `,"name":${json},"value":`, id: `${this.#run},${json},` };
    if (this.#names.size < maxNames) this.#names.set(name, named);
    return named;
  }
}
