/**
 * `syvain-metrics-effect login`: saves a key, which the service knows, where all Syvain tools look for it.
 */
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Prompt from "effect/cli/Prompt";
import * as Config from "effect/Config";
import * as Console from "effect/Console";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import { ConfigService } from "../ConfigService.ts";
import { withGivenKey } from "../internal/credentials/credentials.ts";
import { defaultHostV2 } from "../internal/login/host.ts";
import { loginFiles } from "../internal/login/login.ts";
import * as Auth from "../v2/Auth.ts";
import { stoppable } from "./client.ts";
import { layer as httpClient } from "./httpClient.ts";
import { plain } from "./terminal.ts";

/** Typed where it is not seen, or what stdin holds. */
const readKey = Effect.suspend(() =>
  process.stdin.isTTY
    ? Prompt.run(Prompt.Hidden({ message: "API key" })).pipe(
        Effect.catchTag("QuitError", () => Effect.interrupt),
      )
    : Effect.map(
        Effect.promise(() => text(process.stdin)),
        (key) => Redacted.make(key),
      ),
);

/** Whole or not at all, and for this user alone. */
const save = (file: string, login: object) =>
  Effect.try({
    try: () => {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const draft = `${file}.${process.pid}`;
      try {
        writeFileSync(draft, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600, flag: "wx" });
        renameSync(draft, file);
      } finally {
        rmSync(draft, { force: true });
      }
    },
    catch: (error) => new Error(`The login cannot be saved: ${(error as Error).message}`),
  });

/** What would be used in place of the login. */
const variables = ["O41_METRICS_API_KEY", "SYVAIN_METRICS_API_KEY"];
const isSet = (name: string) => Effect.orElseSucceed(Config.String(name), () => "");

export const login = Command.make(
  "login",
  {
    host: Flag.String("host").pipe(
      Flag.withDefault(defaultHostV2),
      Flag.withDescription("The service that the key is of"),
    ),
  },
  ({ host }) =>
    Effect.gen(function* () {
      const config = yield* withGivenKey(
        yield* readKey,
        "standard input",
        "apiKey",
        host,
        "--host",
        {},
      );
      const configured = Layer.succeed(ConfigService, config);
      const { organization } = yield* Effect.provide(
        Auth.status,
        Layer.provideMerge(httpClient, configured),
      );
      const saved = {
        apiKey: Redacted.value(config.apiKey),
        host: config.host,
        orgId: organization.id,
        loginAt: DateTime.toEpochMillis(yield* DateTime.now),
      };
      const files = yield* loginFiles;
      // A login of today's tool comes before the one that all tools read, and would hide it.
      const used = files.filter((file, i) => i === files.length - 1 || existsSync(file));
      for (const file of used) yield* save(file, saved);
      const name = plain(organization.name ?? organization.id);
      yield* Console.log(`Logged in to ${config.host} as ${name}, saved in ${used.join(" and ")}.`);
      for (const variable of variables) {
        if ((yield* isSet(variable)) === "") continue;
        yield* Console.error(`${variable} is set, and is used in place of the saved login.`);
      }
    }).pipe(stoppable),
).pipe(
  Command.withDescription(
    "Save an API key for all Syvain tools on this machine. It is typed, unseen, or read from stdin, and the service " +
      "is asked first whether it knows it",
  ),
  Command.withExamples([
    {
      command: "syvain-metrics-effect login --host http://127.0.0.1:4318 < key.txt",
      description: "Log in to a server of one's own",
    },
  ]),
);
