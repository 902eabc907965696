/** Metrics as nearly all are, read in one go; what is not of this kind, wrong or only unusual, is left to the schema. */
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { firstIssue, unknownField } from "../../internal/base/issue.ts";
import { nameLength, recordMetrics } from "../../internal/wire/v2/runs.ts";
import { endOfTime, isCount, isFinite, isPlainObject, isText } from "../plain.ts";
import type { Refusal } from "../rules/refusal.ts";
import type { NewEvent } from "../store.ts";
import type { Asked } from "./envelope.ts";
import { strictly, unfit } from "./events.ts";

const isTexts = (value: unknown): value is { readonly [key: string]: string } => {
  if (!isPlainObject(value)) return false;
  for (const key in value) if (typeof value[key] !== "string") return false;
  return true;
};

const noMetadata: NewEvent["metadata"] = {};

/** `undefined` when it is not plain. Whose it is, is not looked at. */
export const readPlainPoint = ({ messageId, data }: Asked): NewEvent | undefined => {
  let name: string | undefined;
  let value: number | undefined;
  let step: number | undefined;
  let metadata = noMetadata;
  let clientTime: number | undefined;
  for (const key in data) {
    const field = data[key];
    switch (key) {
      case "experimentId":
        break;
      case "metricName":
        if (!isText(field, nameLength)) return undefined;
        name = field;
        break;
      case "metricValue":
        if (!isFinite(field)) return undefined;
        value = field;
        break;
      case "step":
        if (!isCount(field, Number.MAX_SAFE_INTEGER)) return undefined;
        step = field;
        break;
      case "meta":
        if (!isTexts(field)) return undefined;
        metadata = field;
        break;
      case "timestampMs":
        if (!isCount(field, endOfTime)) return undefined;
        clientTime = field;
        break;
      default:
        return undefined;
    }
  }
  if (name === undefined || value === undefined || step === undefined) return undefined;
  return { clientEventId: messageId, name, value, step, metadata, clientTime };
};

const decode = Schema.decodeUnknownResult(Schema.toCodecJson(recordMetrics.payload), strictly);

const wireNames = {
  name: "metricName",
  value: "metricValue",
  metadata: "meta",
  timestamp: "timestampMs",
};

/** The id of its message is what tells an event from all others. */
export const readAnyPoint = ({ messageId, data }: Asked): Result.Result<NewEvent, Refusal> => {
  const { experimentId: _, ...point } = data;
  if (Object.hasOwn(point, "messageId")) {
    return Result.fail(unfit({ path: ["messageId"], expected: unknownField }));
  }
  return Result.mapBoth(decode(point), {
    onFailure: (error) => unfit(firstIssue(error), wireNames),
    onSuccess: ({ name, value, step, metadata = noMetadata, timestamp }) => ({
      clientEventId: messageId,
      name,
      value,
      step,
      metadata,
      clientTime: timestamp?.epochMilliseconds,
    }),
  });
};

export const readPoint = (asked: Asked): Result.Result<NewEvent, Refusal> => {
  const plain = readPlainPoint(asked);
  return plain === undefined ? readAnyPoint(asked) : Result.succeed(plain);
};
