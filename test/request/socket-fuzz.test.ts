/**
 * Whatever comes over a socket in the name of an answer, a call ends with the value or with one of the three errors.
 *
 * With another seed, or for longer: `FUZZ_SEED=2 FUZZ_COUNT=20000 npx vitest run test/request/socket-fuzz.test.ts`.
 */
import { assert, describe, it } from "@effect/vitest";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { noRetry, withHeaders } from "../../src/RequestPolicy.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { textOf } from "../support/fuzz/answer.ts";
import { Dice } from "../support/fuzz/dice.ts";
import { groups } from "../support/fuzz/groups.ts";
import { commandFor, countOr, numbers, seed } from "../support/fuzz/replay.ts";
import { verdict } from "../support/fuzz/verdict.ts";
import { strangeWire, type Wire } from "../support/fuzz/wire.ts";
import { transportNames, transports } from "../support/socket.ts";

const file = "test/request/socket-fuzz.test.ts";
const secret = "sk_Zq7Xv9Kp-Lm4Nt8Rw";
const subjects = Object.values(groups)
  .flat()
  .filter(({ mints }) => !mints);

const caseOf = (n: number) => {
  const dice = new Dice(`${seed}/socket/${n}`);
  const subject = dice.pick(subjects);
  const text = textOf(subject.valid);
  return { subject, text, wire: strangeWire(text, dice) };
};

const play = async ({ pieces, ending }: Wire, socket: Socket): Promise<void> => {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece);
    // A packet of its own.
    if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  if (ending === "end") socket.end();
  if (ending === "reset") socket.resetAndDestroy();
};

/** Reads just enough of a request to know which case it is. */
const listen = Effect.acquireRelease(
  Effect.promise(async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on("close", () => sockets.delete(socket)).on("error", () => {}));
      let read = "";
      socket.on("data", (chunk) => {
        read += chunk.toString("latin1");
        const [, head, body = ""] = /^(.*?)\r\n\r\n(.*)$/s.exec(read) ?? [];
        if (head === undefined) return;
        if (body.length < Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)) return;
        read = "";
        void play(caseOf(Number(/^x-case: (\d+)/im.exec(head)?.[1])).wire, socket);
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return { server, sockets, port: (server.address() as AddressInfo).port };
  }),
  ({ server, sockets }) =>
    Effect.sync(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    }),
);

const count = countOr(500);

describe(`${count} strange answers over a socket, seed ${seed}`, () => {
  for (const transport of transportNames) {
    it.live(
      `${transport}: the value or one of the three errors`,
      () =>
        Effect.gen(function* () {
          const { port } = yield* listen;
          const endings = { Success: 0, Failure: 0 };
          const complaints = yield* Effect.forEach(
            numbers(count),
            (n) =>
              Effect.gen(function* () {
                const { subject, text, wire } = caseOf(n);
                const exit = yield* Effect.exit(
                  Effect.timeout(withHeaders(subject.effect, { "x-case": `${n}` }), "20 seconds"),
                );
                endings[exit._tag]++;
                const complaint = verdict(exit, subject, secret, wire.exact ? text : undefined);
                return complaint === undefined
                  ? []
                  : [
                      `case ${n} of seed ${seed}: ${subject.name}: ${complaint}`,
                      ...wire.steps.map((step) => `  ${step}`),
                      `once more: ${commandFor(file, transport, n)}`,
                    ];
              }),
            { concurrency: 16 },
          ).pipe(
            Effect.provide(
              SyvainMetrics.layer({
                apiKey: secret,
                host: `http://127.0.0.1:${port}`,
                retry: noRetry,
                timeout: "1 second",
                maxResponseBytes: 1024 * 1024,
              }).pipe(Layer.merge(transports[transport])),
            ),
          );
          if (complaints.flat().length > 0) assert.fail(complaints.flat().join("\n"));
          console.log(
            `${transport}: ${endings.Success} values, ${endings.Failure} errors, seed ${seed}`,
          );
          if (count > 100)
            assert.isTrue(endings.Success > count / 10 && endings.Failure > count / 10);
        }),
      { timeout: 600_000 },
    );
  }
});
