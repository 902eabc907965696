/**
 * `syvain-metrics-effect status`: who am I, where, and who says so.
 */
import * as Command from "effect/cli/Command";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import { ConfigService } from "../ConfigService.ts";
import * as Auth from "../v2/Auth.ts";
import { clientFlags, jsonFlag, withClient } from "./client.ts";
import { pairs, plain, print, printJson, shortTime } from "./terminal.ts";

const sources = {
  apiKey: "explicit",
  environment: "environment",
  local: "saved login",
  "local-dev": "saved login",
} as const;

export const status = Command.make(
  "status",
  { ...clientFlags, json: jsonFlag },
  ({ json, ...flags }) =>
    Effect.gen(function* () {
      const { host, loginAt, ...config } = yield* ConfigService;
      const { auth, organization } = yield* Auth.status;
      const source = sources[config.source];
      const since = loginAt === undefined ? null : DateTime.formatIso(loginAt);
      if (json) {
        return yield* printJson({ organization, kind: auth.kind, host, source, loginAt: since });
      }
      const { id, name } = organization;
      yield* print(
        pairs([
          ["organization", plain(name === null ? id : `${name} (${id})`)],
          ["key", plain(auth.kind)],
          ["host", host],
          ["source", since === null ? source : `${source} of ${shortTime(since)}`],
        ]),
      );
    }).pipe(withClient(flags)),
).pipe(
  Command.withDescription("Ask the service whom the key speaks for, and say where it came from"),
  Command.withExamples([
    { command: "syvain-metrics-effect status", description: "Who am I, and where?" },
  ]),
);
