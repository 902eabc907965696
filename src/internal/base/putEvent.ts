/** The one writer of events, in UTF-8: that of either generation of the API, whose fields have other names. */
import {
  bytesOf,
  numberBytes,
  putBytes,
  putCount,
  putNumber,
  putString,
  type Utf8,
} from "./utf8.ts";

/** What stands around the fields of an event, as JSON. */
export interface Layout {
  readonly beforeId: Uint8Array;
  readonly beforeStep: Uint8Array;
  readonly beforeTime: Uint8Array;
  readonly end: Uint8Array;
}

/** The name of a field as JSON, with what stands before it. */
export const beforeField = (name: string, mark = ","): string => `${mark}${JSON.stringify(name)}:`;

/**
 * Appends an event that was checked. Its name is JSON with all that stands up to the value, the rest what stands behind
 * the step, up to the time if that is given apart. An id in UTF-8 has nothing that JSON would escape.
 */
export type PutEvent = (
  out: Utf8,
  id: string | Uint8Array,
  name: Uint8Array,
  value: number,
  step: number | null | undefined,
  rest: Uint8Array | undefined,
  time: number | undefined,
) => void;

const nothing = bytesOf("null");
const quote = 0x22;

export const putEventOf = ({ beforeId, beforeStep, beforeTime, end }: Layout): PutEvent => {
  /** What an event takes beside its id, its name and its metadata, at most. */
  const bytesOfTheRest =
    beforeId.length + beforeStep.length + beforeTime.length + end.length + 3 * numberBytes;
  return (out, id, name, value, step, rest, time) => {
    out.reserve(
      bytesOfTheRest + id.length * 6 + name.length + (rest === undefined ? 0 : rest.length),
    );
    const { array } = out;
    let at = putBytes(array, out.length, beforeId);
    if (typeof id === "string") at = putString(array, at, id);
    else {
      array[at] = quote;
      at = putBytes(array, at + 1, id);
      array[at++] = quote;
    }
    at = putBytes(array, at, name);
    at = putNumber(array, at, value);
    at = putBytes(array, at, beforeStep);
    at =
      step === undefined || step === null
        ? putBytes(array, at, nothing)
        : putCount(array, at, step);
    if (rest !== undefined) at = putBytes(array, at, rest);
    if (time !== undefined) at = putCount(array, putBytes(array, at, beforeTime), time);
    out.length = putBytes(array, at, end);
  };
};
