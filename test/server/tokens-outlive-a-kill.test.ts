/** Keys and tokens, and that they were revoked, are kept when the server is killed; what it prints shows none of them. */
import { assert, describe, it, onTestFinished } from "@effect/vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMissing, postgresServer } from "../support/postgresServer.ts";
import { call, serve } from "../support/serving.ts";

const apiKey = "ak_org_of_this_test";

const places: ReadonlyArray<readonly [string, () => Promise<ReadonlyArray<string>>]> = [
  [
    "a directory",
    async () => {
      const directory = mkdtempSync(join(tmpdir(), "tokens-"));
      onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
      return ["--data", join(directory, "data")];
    },
  ],
  ...(isMissing
    ? []
    : [
        [
          "Postgres",
          async () => ["--database", await (await postgresServer()).newDatabase()],
        ] as const,
      ]),
];

describe("a server that is killed", () => {
  for (const [name, place] of places) {
    it(`with its data in ${name}, knows its tokens again, and which were revoked`, async () => {
      const args = await place();
      const printed: Array<string> = [];
      const start = async () => {
        const server = await serve("--api-key", apiKey, "--log", ...args);
        onTestFinished(() => void server.child.kill("SIGKILL"));
        return {
          host: server.host,
          kill: async () => {
            server.child.kill("SIGKILL");
            const { stdout, stderr } = await server.exit;
            printed.push(stdout, stderr);
          },
        };
      };

      let server = await start();
      let messages = 0;
      /** Events of v2, each with its name and its data: what each is answered, or how the whole is refused. */
      const tell = async (
        path: string,
        bearer: string,
        ...events: ReadonlyArray<readonly [string, object]>
      ) => {
        const response = await fetch(`${server.host}/api/v2${path}`, {
          method: "POST",
          headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
          body: JSON.stringify(
            events.map(([event, data]) => ({
              messageId: `${messages++}`,
              event: `syvain.v2.experiment.${event}`,
              data,
            })),
          ),
        });
        return response.status === 200 ? response.json() : [{ event: response.status }];
      };
      const open = async () => {
        const slugAndMore = { slug: "run", description: "", meta: {} };
        const [{ data }] = await tell("/events", apiKey, ["open", slugAndMore]);
        return data as { experimentId: string; experimentToken: string };
      };
      const [first, second] = [await open(), await open()];
      const { experimentId } = first;
      const experiment = `/experiments/${experimentId}`;
      const mint = async () => {
        const api = { host: server.host, key: apiKey };
        return (await call(api, "POST", `${experiment}/ingestion-keys`, { name: "k" })).data;
      };
      const [good, bad] = [await mint(), await mint()];
      const revoke = `${experiment}/ingestion-keys/${bad.key.id}`;
      const revoked = [
        (
          await tell(`${experiment}/events`, second.experimentToken, [
            "tokenRevoke",
            { experimentId },
          ])
        )[0].event,
        (await call({ host: server.host, key: apiKey }, "DELETE", revoke)).status,
      ];
      assert.deepStrictEqual(revoked, ["syvain.v2.experiment.tokenRevoked", 200]);

      let step = 0;
      const look = async () => {
        const metric = () =>
          [
            "metric",
            { experimentId, metricName: "loss", metricValue: 1, step: step++, meta: {} },
          ] as const;
        const v2 = async (token: string) =>
          (await tell(`${experiment}/events`, token, metric()))[0].event;
        const v1 = async (key: string) =>
          (await call({ host: server.host, key }, "POST", `${experiment}/ingest`, { data: [] }))
            .status;
        return [
          await v2(first.experimentToken),
          await v2(second.experimentToken),
          await v1(good.token),
          await v1(bad.token),
        ];
      };
      const expected = ["syvain.v2.experiment.metricRecorded", 401, 200, 401];
      // Straight after they were revoked.
      await server.kill();
      for (let life = 0; life < 2; life++) {
        server = await start();
        assert.deepStrictEqual(await look(), expected);
        await server.kill();
      }
      const all = printed.join("\n");
      assert.include(all, `POST /api/v1${experiment}/ingest 401`);
      for (const secret of [
        apiKey,
        first.experimentToken,
        second.experimentToken,
        good.token,
        bad.token,
      ]) {
        assert.notInclude(all, secret);
      }
    });
  }
});
