/** Kills a server at random points, again and again, while clients write, and looks what is there in the end. */
import { call, listening } from "./serving.ts";
import type { runProgram } from "./serving.ts";

type Program = ReturnType<typeof runProgram>;

export interface Outcome {
  /** Ids of events that were acknowledged, and of those that are there: both sorted, as often as they are. */
  readonly acknowledged: ReadonlyArray<string>;
  readonly stored: ReadonlyArray<string>;
  /** Names and ids of folders, too. */
  readonly foldersMade: ReadonlyArray<string>;
  readonly foldersKept: ReadonlyArray<string>;
  /** Answers that came twice and were not the same, or not said to be. */
  readonly wrong: ReadonlyArray<string>;
  /** How the last life ended, which was told to stop. */
  readonly end: { readonly code: number | null; readonly stderr: string };
}

export interface Options {
  /** A server on the same data each time. */
  readonly start: (...args: ReadonlyArray<string>) => Program;
  readonly kills: number;
  readonly clients?: number | undefined;
  /** Events of a batch. */
  readonly batch?: number | undefined;
  /** The longest life and the shortest, in milliseconds from when it listens on. */
  readonly longest?: number | undefined;
  readonly shortest?: number | undefined;
  readonly onKill?: ((n: number) => void) | undefined;
}

const sleep = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

export const killAgainAndAgain = async (options: Options): Promise<Outcome> => {
  const { start, kills, clients: count = 3, batch: size = 100 } = options;
  const { shortest = 100, longest = 500 } = options;
  let server = await listening(start("--port", "0", "--api-key", "key"));
  const api = { host: server.host, key: "key" };
  const again = () => listening(start("--port", new URL(api.host).port));

  /** Until it is answered, as clients do. */
  const insist = async (...args: Parameters<typeof call>) => {
    for (;;) {
      const answer = await call(...args).catch(() => undefined);
      if (answer !== undefined && answer.status < 500) return answer;
      await sleep(20);
    }
  };
  const { experiment } = (await insist(api, "POST", "/experiments", { slug: "kill" })).data;
  const path = `/experiments/${experiment.id}`;
  const { token } = (await insist(api, "POST", `${path}/ingestion-keys`, { name: "k" })).data;

  const stopping = new AbortController();
  const acknowledged: Array<string> = [];
  const foldersMade: Array<string> = [];
  const wrong: Array<string> = [];
  const client = async (name: string) => {
    for (let batch = 0; !stopping.signal.aborted; batch++) {
      const ids = Array.from({ length: size }, (_, i) => `${name}/${batch}/${i}`);
      const data = ids.map((id, step) => ({
        client_event_id: id,
        name: "loss",
        value: batch,
        step,
        metadata: { client: name },
      }));
      const headers = { "idempotency-key": `${name}/${batch}` };
      const send = () =>
        insist({ ...api, key: token }, "POST", `${path}/ingest`, { data }, headers);
      const { status, error } = await send();
      if (status !== 200) wrong.push(`${status} ${JSON.stringify(error)}`);
      acknowledged.push(...ids);
      // A client that has not heard the answer asks again.
      if (batch % 5 === 0 && (await send()).headers.get("idempotent-replayed") !== "true") {
        wrong.push(`${name}/${batch} was done anew`);
      }
      const folder = { name: `${name}-${batch}` };
      const key = { "idempotency-key": `folder/${name}/${batch}` };
      const made = await insist(api, "POST", "/folders", folder, key);
      if (made.status !== 201) wrong.push(`${made.status} ${JSON.stringify(made.error)}`);
      foldersMade.push(`${folder.name} ${made.data?.folder.folder_id}`);
    }
  };
  const clients = Array.from({ length: count }, (_, i) => client(`client-${i}`));
  for (let kill = 1; kill <= kills; kill++) {
    await sleep(shortest + Math.random() * (longest - shortest));
    server.child.kill("SIGKILL");
    await server.exit;
    server = await again();
    options.onKill?.(kill);
  }
  stopping.abort();
  await Promise.all(clients);

  const series = [{ experimentId: experiment.id }];
  const order = { axis: "step", direction: "asc" };
  const { data } = await call(api, "POST", "/query/series", { series, order, stream: false });
  const stored: Array<string> = data.flatMap(
    ({ metadata, data }: { metadata: { client: string }; data: Record<string, Array<number>> }) =>
      data["value"]!.map((batch, i) => `${metadata.client}/${batch}/${data["steps"]![i]}`),
  );
  const kept = (await call(api, "GET", "/folders")).data.folders as Array<Record<string, string>>;
  server.child.kill("SIGTERM");
  const { code, stderr } = await server.exit;
  return {
    acknowledged: acknowledged.toSorted(),
    stored: stored.toSorted(),
    foldersMade: foldersMade.toSorted(),
    foldersKept: kept.map((folder) => `${folder["name"]} ${folder["folder_id"]}`).toSorted(),
    wrong,
    end: { code, stderr },
  };
};
