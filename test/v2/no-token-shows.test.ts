/** Neither the API key nor a token of a run shows: in no error, no log, no value, however the service echoes it. */
import { inspect } from "node:util";
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as References from "effect/References";
import * as Result from "effect/Result";
import * as Schedule from "effect/Schedule";
import * as Schema from "effect/Schema";
import { MetricsApiError } from "../../src/internal/base/errors.ts";
import * as Telemetry from "../../src/Telemetry.ts";
import * as Auth from "../../src/v2/Auth.ts";
import * as Events from "../../src/v2/Events.ts";
import * as Experiments from "../../src/v2/Experiments.ts";
import * as Runs from "../../src/v2/Runs.ts";
import * as Series from "../../src/v2/Series.ts";
import { serve, type Turn } from "../support/socket.ts";
import { envelopesOf, isSeries, layerV2, ndjson, shortName, usualReply } from "../support/v2.ts";

const apiKey = "ak_org_0123456789abcdef";
const token = "et_0123456789abcdef";
const another = "et_fedcba9876543210";

const toJson = Schema.encodeSync(Schema.toCodecJson(MetricsApiError));

/** Every answer has all of them in it, wherever there is place for words. */
const words = `${apiKey} ${token} ${another}`;
const worst: { readonly [how: string]: (turn: Turn) => string } = {
  "an event that is refused": (turn) =>
    JSON.stringify(
      envelopesOf(turn).map(({ messageId }) => ({
        correlationId: messageId,
        event: "syvain.v2.error",
        data: {
          code: words,
          message: words,
          status: 422,
          details: { [words]: [words], nested: { token: `\\${token}\\` } },
        },
      })),
    ),
  "an answer of another shape": (turn) =>
    JSON.stringify(
      envelopesOf(turn).map(({ messageId }) => ({
        correlationId: messageId,
        event: words,
        data: { experimentToken: another, expiresAtMs: words },
      })),
    ),
  "data of another shape": (turn) =>
    JSON.stringify(
      envelopesOf(turn).map((envelope) => ({
        ...usualReply(envelope),
        data: { experimentToken: [another], words },
      })),
    ),
  "no JSON": () => words,
  "no reply": () => JSON.stringify([{ words }]),
};

it.live("no key and no token shows in a failure, in the log, or in a run", () =>
  Effect.gen(function* () {
    for (const [how, body] of Object.entries(worst)) {
      for (const status of [200, 400, 401]) {
        let isOpen = false;
        const server = yield* serve((turn) => {
          const [envelope] = envelopesOf(turn);
          const event = shortName(envelope?.event ?? "");
          if (event === "experiment.open" && !isOpen) {
            isOpen = true;
            const data = {
              experimentId: "e",
              experimentToken: token,
              expiresAtMs: Date.now() + 9e6,
            };
            return void turn.response.end(JSON.stringify([{ ...usualReply(envelope!), data }]));
          }
          const text = isSeries(turn) ? ndjson([{ words }]) : body(turn);
          turn.response.writeHead(status).end(text);
        });
        const said: Array<unknown> = [];
        const logs = Layer.mergeAll(
          Telemetry.layerLog(),
          Logger.layer([Logger.make(({ message }) => void said.push(message))]),
          Layer.succeed(References.MinimumLogLevel, "All"),
        );
        yield* Effect.gen(function* () {
          const run = yield* Runs.open({ slug: "run" });
          said.push(run);
          const calls: ReadonlyArray<Effect.Effect<unknown, MetricsApiError, never>> = [
            run.start,
            run.done,
            run.annotate("a"),
            run.error("e"),
            run.metrics([{ name: "a", value: 1, step: 0 }]),
          ];
          /** They know nothing of the token. */
          const others = [
            Auth.status,
            Events.send("syvain.v2.custom", {}),
            Experiments.get("e"),
            Series.read("e"),
            Effect.scoped(Runs.open({ slug: "another" })),
          ];
          const play = Effect.fnUntraced(function* <R>(
            all: ReadonlyArray<Effect.Effect<unknown, MetricsApiError, R>>,
            secrets: ReadonlyArray<string>,
          ) {
            for (const call of all) {
              const result = yield* Effect.result(Effect.asVoid(call));
              if (Result.isFailure(result)) {
                const error = result.failure;
                said.push(error.message, error.stack, inspect(error), JSON.stringify(error));
                said.push(toJson(error));
              }
            }
            const shown = inspect(said.splice(0), {
              depth: 20,
              maxArrayLength: null,
              maxStringLength: null,
            });
            assert.include(shown, "<redacted>");
            for (const secret of secrets) {
              assert.isFalse(shown.includes(secret), `${how} (${status}): ${secret}`);
            }
          });
          yield* play(calls, [apiKey, token]);
          yield* play(others, [apiKey]);
        }).pipe(
          Effect.scoped,
          Effect.provide(
            Layer.merge(layerV2("fetch", server, { apiKey, retry: Schedule.recurs(0) }), logs),
          ),
        );
      }
    }
  }),
);
