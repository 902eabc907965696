/**
 * Events as nearly all are: read in one go over what `JSON.parse` gave, at a tenth of what their schema takes. What is
 * not of this kind, wrong or only unusual, is left to the schema, which knows what to say.
 */
import { idLength, nameLength } from "../../internal/wire/v1/metricInput.ts";
import type { Metadata } from "../../internal/wire/schema.ts";
import { endOfTime, isCount, isFinite, isPlainObject, isText } from "../plain.ts";
import { maxBatch, type NewEvent } from "../store.ts";

/** A flat one: no value is an object or an array. */
const isPlainMetadata = (value: unknown): value is Metadata => {
  if (!isPlainObject(value)) return false;
  for (const key in value) {
    const one = value[key];
    const isPlain =
      typeof one === "string" || typeof one === "boolean" || one === null || isFinite(one);
    if (!isPlain) return false;
  }
  return true;
};

const noMetadata: Metadata = {};

const readEvent = (event: unknown): NewEvent | undefined => {
  if (!isPlainObject(event)) return undefined;
  let clientEventId: string | undefined;
  let name: string | undefined;
  let value: number | undefined;
  let step: number | null = null;
  let metadata = noMetadata;
  let clientTime: number | undefined;
  for (const key in event) {
    const field = event[key];
    switch (key) {
      case "client_event_id":
        if (!isText(field, idLength)) return undefined;
        clientEventId = field;
        break;
      case "name":
        if (!isText(field, nameLength)) return undefined;
        name = field;
        break;
      case "value":
        if (!isFinite(field)) return undefined;
        value = field;
        break;
      case "step":
        if (field !== null && !isCount(field, Number.MAX_SAFE_INTEGER)) return undefined;
        step = field;
        break;
      case "metadata":
        if (!isPlainMetadata(field)) return undefined;
        metadata = field;
        break;
      case "timestamp_ms":
        if (!isCount(field, endOfTime)) return undefined;
        clientTime = field;
        break;
      default:
        return undefined;
    }
  }
  // An event without an id is like no other: the schema makes one up.
  if (clientEventId === undefined || name === undefined || value === undefined) return undefined;
  return { clientEventId, name, value, step, metadata, clientTime };
};

/** The events of a body; `undefined` when it is not plain. */
export const readPlainEvents = (body: unknown): ReadonlyArray<NewEvent> | undefined => {
  if (!isPlainObject(body)) return undefined;
  const { data } = body;
  if (!Array.isArray(data) || Object.keys(body).length !== 1 || data.length > maxBatch) {
    return undefined;
  }
  const inputs: Array<NewEvent> = [];
  for (const event of data) {
    const input = readEvent(event);
    if (input === undefined) return undefined;
    inputs.push(input);
  }
  return inputs;
};
