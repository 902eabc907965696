/**
 * Whatever a service answers, a call ends with a value of its type or with one of the three errors.
 *
 * With another seed, or for longer: `FUZZ_SEED=2 FUZZ_COUNT=100000 npx vitest run test/request/fuzz.test.ts`.
 */
import { assert, describe, it } from "@effect/vitest";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as ConfigService from "../../src/ConfigService.ts";
import * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import { noRetry } from "../../src/RequestPolicy.ts";
import { answering } from "../support/answering.ts";
import { strangeAnswer, textOf } from "../support/fuzz/answer.ts";
import { Dice } from "../support/fuzz/dice.ts";
import { groups, mint, type Subject } from "../support/fuzz/groups.ts";
import { short } from "../support/fuzz/mutations.ts";
import { commandFor, countOr, numbers, seed } from "../support/fuzz/replay.ts";
import { type Complaint, verdict } from "../support/fuzz/verdict.ts";
import { watch } from "../support/fuzz/watchdog.ts";
import { toWeb } from "../support/fuzz/web.ts";

Error.stackTraceLimit = 10;
const file = "test/request/fuzz.test.ts";
const secret = "sk_Zq7Xv9Kp-Lm4Nt8Rw";
/** Of one call, in milliseconds. */
const maxCpuTime = 1_000;

const config = await Effect.runPromise(
  Effect.provide(
    ConfigService.ConfigService,
    ConfigService.layer({ apiKey: secret, retry: noRetry, timeout: "30 seconds" }),
  ),
);

const newCache = () => Effect.runSync(IngestionKeyCache.make());
const cache = newCache();

/** The call, with the strange answer for itself or for the minting of the key that it needs. */
const run = ({ effect, mints, valid }: Subject, strange: () => Response, toMint: boolean) => {
  const client = answering(({ url }) => {
    const isMint = mints && url.pathname.endsWith("/ingestion-keys");
    return isMint === toMint ? strange() : new Response(textOf(isMint ? mint : valid));
  });
  const context = Context.make(HttpClient.HttpClient, client).pipe(
    Context.add(ConfigService.ConfigService, config),
    // A call that mints finds none there.
    Context.add(IngestionKeyCache.IngestionKeyCache, mints ? newCache() : cache),
  );
  return Effect.runPromiseExit(Effect.provideContext(effect, context));
};

const cpuTimeOf = async (work: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};

interface Outcome {
  readonly ending: "Success" | "Failure";
  readonly complaint: Complaint;
  /** What happened, to be read by a person. */
  readonly story: () => string;
}

const runCase = async (
  group: string,
  subjects: ReadonlyArray<Subject>,
  n: number,
): Promise<Outcome> => {
  const dice = new Dice(`${seed}/${group}/${n}`);
  const subject = dice.pick(subjects);
  const toMint = subject.mints && dice.chance(0.3);
  const answer = strangeAnswer(toMint ? mint : subject.valid, dice, secret);
  const { make, breaks, step } = toWeb(answer, dice);
  const text = new TextDecoder().decode(answer.bytes);

  const start = performance.now();
  const exit = await run(subject, make, toMint);
  // The clock of a busy machine says little; that of the processor, which costs more to read, says it.
  const slow = performance.now() - start > maxCpuTime;
  const cpuTime = slow ? await cpuTimeOf(() => run(subject, make, toMint)) : 0;

  const read = toMint ? textOf(subject.valid) : text;
  const said = { status: answer.status, valid: answer.harmless && !breaks, breaks, text };
  const complaint =
    verdict(exit, subject, secret, read, said) ??
    (cpuTime > maxCpuTime ? `${Math.round(cpuTime)} ms of CPU time` : undefined);
  return {
    ending: exit._tag,
    complaint,
    story: () =>
      [
        `${subject.name}${toMint ? ", minting" : ""}: ${complaint}`,
        ...[...answer.steps, step ?? ""].filter(Boolean).map((step) => `  ${step}`),
        `  answered: ${answer.status} ${text.length <= 2_000 ? text : short(text)}`,
      ].join("\n"),
  };
};

const count = countOr(5_000);

describe(`${count} strange answers, seed ${seed}`, () => {
  for (const [group, subjects] of Object.entries(groups)) {
    it(`${group}: a value or one of the three errors`, { timeout: 0 }, async () => {
      await using watchdog = watch(commandFor(file, group, "<case>"));
      const endings = { Success: 0, Failure: 0 };
      for (const n of numbers(count)) {
        watchdog.begin(n);
        const { ending, complaint, story } = await runCase(group, subjects, n);
        if (complaint !== undefined) {
          assert.fail(
            `case ${n} of seed ${seed}: ${story()}\nonce more: ${commandFor(file, group, n)}`,
          );
        }
        endings[ending]++;
      }
      console.log(`${group}: ${endings.Success} values, ${endings.Failure} errors, seed ${seed}`);
      // Or nothing was tried.
      if (count > 100) assert.isTrue(endings.Success > count / 10 && endings.Failure > count / 10);
    });
  }
});
