/**
 * Whatever events a client sends, each has its reply, and none makes the server fail; on every store the same.
 *
 * With another seed, or for longer: `FUZZ_SEED=2 FUZZ_COUNT=100000 npx vitest run test/server/v2-fuzz.test.ts`.
 */
import { assert, describe, it } from "@effect/vitest";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Layer from "effect/Layer";
import { makeApp } from "../../src/server/app.ts";
import { Store } from "../../src/server/store.ts";
import { Dice } from "../support/fuzz/dice.ts";
import { fromValue, write } from "../support/fuzz/json.ts";
import { type Document, mutate, short } from "../support/fuzz/mutations.ts";
import { countOr, numbers, seed } from "../support/fuzz/replay.ts";
import { implementations } from "../support/stores.ts";

const apiKey = "ak_org_fuzz";
const meta = { a: [1, null, { b: "c" }] };

/** What events are sent with when nothing is wrong: `:experiment`, `:folder` and `:token` stand for what is there. */
const organization: { readonly [event: string]: object } = {
  "foldertree.read": {},
  "folder.create": { name: "b", parentFolderId: ":folder" },
  "folder.rename": { folderId: ":folder", name: "c" },
  "folder.move": { folderId: ":folder", fromFolderId: null, toFolderId: ":folder" },
  "folderexperiment.move": {
    experimentId: ":experiment",
    fromFolderId: null,
    toFolderId: ":folder",
  },
  "experiment.open": { slug: "a", description: "d", meta },
  "experiment.tokenRefresh": { experimentId: ":experiment", experimentToken: ":token" },
  "query.experiment": { experimentId: ":experiment" },
  "query.experiments": { experimentIds: [":experiment", "x"] },
  "query.revisions": { experimentIds: [":experiment", "x"] },
  "query.catalog": { experimentId: ":experiment" },
  "query.annotations": { experimentId: ":experiment" },
};
const experiment: { readonly [event: string]: object } = {
  "experiment.start": {},
  "experiment.metric": {
    metricName: "loss",
    metricValue: 0.5,
    step: 1,
    timestampMs: 1,
    meta: { a: "b" },
  },
  "experiment.annotate": { annotation: "a", meta },
  "experiment.error": { error: "boom", meta },
  "experiment.done": {},
};
const series = {
  experimentId: ":experiment",
  filter: [{ metadataKey: "a", metadataValue: "b" }, { metadataKey: "a" }],
  xAxis: "step",
  seriesNames: ["loss", "acc"],
};

interface Sent {
  readonly path: string;
  readonly bearer: string;
  readonly body: string;
}

const envelope = (messageId: string, event: string, data: object) => ({
  messageId,
  event: `syvain.v2.${event}`,
  data,
});

const requestOf = (dice: Dice): Sent => {
  const some = (events: typeof organization, more: object) =>
    Array.from({ length: dice.int(4) + 1 }, () => {
      const event = dice.pick(Object.keys(events));
      return envelope(`${dice.int(1000)}`, event, { ...more, ...events[event] });
    });
  const [path, bearer, body] = dice.pick([
    () => ["/events", apiKey, some(organization, {})] as const,
    () =>
      [
        "/experiments/:experiment/events",
        ":token",
        some(experiment, { experimentId: ":experiment" }),
      ] as const,
    () => ["/query/series", apiKey, envelope("m", "query.experimentseries", series)] as const,
  ])();
  const document: Document = { root: fromValue(body), steps: [], harmless: true };
  mutate(document, dice, apiKey);
  return { path, bearer, body: write(document.root) };
};

const isReply = (reply: unknown, messageId: unknown): boolean => {
  const { correlationId, event, data } = reply as Record<string, unknown>;
  if (correlationId !== messageId || typeof event !== "string") return false;
  if (typeof data !== "object" || data === null) return false;
  const { status, code, message, retryable } = data as Record<string, unknown>;
  return (
    event !== "syvain.v2.error" ||
    (Number(status) < 500 &&
      typeof code === "string" &&
      typeof message === "string" &&
      retryable === false)
  );
};

/** What must hold of an answer; what does not, in words. */
const wrong = ({ body }: Sent, status: number, text: string): string | undefined => {
  if (status >= 500) return "the server failed";
  if (status !== 200) {
    return typeof JSON.parse(text).error?.message === "string" ? undefined : "it has no envelope";
  }
  const asked = JSON.parse(body);
  if (!Array.isArray(asked)) {
    const lines = text.split("\n").slice(0, -1);
    const isGood = lines.every((line) => isReply(JSON.parse(line), asked.messageId));
    return lines.length > 0 && isGood ? undefined : "a line is no reply";
  }
  const replies = JSON.parse(text);
  return replies.length === asked.length &&
    replies.every((reply: unknown, i: number) => isReply(reply, asked[i].messageId))
    ? undefined
    : "an event has not its reply";
};

const count = countOr(500);

/** The statuses and events of the first store. */
let expected: ReadonlyArray<string> | undefined;

describe(`${count} strange requests, seed ${seed}`, () => {
  for (const implementation of implementations) {
    it.live(`on ${implementation.name}: always a reply to each event`, () =>
      Effect.gen(function* () {
        const store = Context.get(yield* Layer.build(implementation.layer), Store);
        const { answer } = yield* makeApp({
          isApiKey: (bearer) => bearer === apiKey,
          organization: { id: "o", name: "o" },
          ingestionKeyTtl: Duration.days(1),
        }).pipe(Effect.provideService(Store, store));
        const send = ({ path, bearer, body }: Sent) =>
          Effect.gen(function* () {
            const request = HttpClientRequest.post(`https://metrics.test/api/v2${path}`).pipe(
              HttpClientRequest.bodyText(body, "application/json"),
              HttpClientRequest.bearerToken(bearer),
            );
            const response = HttpServerResponse.toClientResponse(
              yield* Effect.provideService(
                answer,
                HttpServerRequest.HttpServerRequest,
                HttpServerRequest.fromClientRequest(request),
              ),
              { request },
            );
            return { status: response.status, text: yield* response.text };
          }).pipe(Effect.scoped);
        const first = yield* send({
          path: "/events",
          bearer: apiKey,
          body: JSON.stringify([
            envelope("1", "folder.create", { name: "a", parentFolderId: null }),
            envelope("2", "experiment.open", { slug: "a", description: "", meta: {} }),
          ]),
        });
        const [folder, opened] = JSON.parse(first.text);
        const known = (text: string) =>
          text
            .replaceAll(":experiment", opened.data.experimentId)
            .replaceAll(":folder", folder.data.folderId)
            .replaceAll(":token", opened.data.experimentToken);

        const outcomes: Array<string> = [];
        for (const n of numbers(count)) {
          const { path, bearer, body } = requestOf(new Dice(`${seed}/${n}`));
          const sent = { path: known(path), bearer: known(bearer), body: known(body) };
          const { status, text } = yield* send(sent);
          const complaint = wrong(sent, status, text);
          const what = `case ${n} of seed ${seed}: ${sent.path}\n${short(sent.body)}\n${status} ${short(text)}`;
          if (complaint !== undefined) assert.fail(`${complaint}: ${what}`);
          const events = [...text.matchAll(/"event":"([\w.]+)"/g)].map(([, event]) => event);
          outcomes.push(`${status} ${events.join(" ")}`);
          if (expected !== undefined) {
            assert.strictEqual(outcomes.at(-1), expected[outcomes.length - 1], what);
          }
        }
        // Or nothing was tried.
        const right = outcomes.filter((one) => /^200 (?!.*v2\.error)/.test(one)).length;
        if (count > 100) assert.isTrue(right > count / 10 && right < count);
        expected ??= outcomes;
      }).pipe(Effect.scoped),
    );
  }
});
