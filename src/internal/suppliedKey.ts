import * as Context from "effect/Context";

/** The `Idempotency-Key` that the caller brought for the call at hand, instead of a drawn one. */
export const SuppliedKey = Context.Reference<string | undefined>(
  "syvain-metrics-effect/IdempotencyKey/Supplied",
  { defaultValue: () => undefined },
);
