/** How much of the disk an event takes, beside the JSON that it came as. */
import { heading, row } from "../support/contender.ts";
import { batchAt, type Sending, sendAll } from "./load.ts";
import { makeExperiment, sizeOf, startServer, temporaryDirectory } from "./serving.ts";

/** Ids are like no other: those lie all over the place, and take the most room. */
export const measureDisk = async (events = 1_000_000): Promise<void> => {
  heading("store", "events", "bytes of JSON, each", "bytes on disk, each", "of the JSON");
  const directory = temporaryDirectory();
  const server = await startServer("--data", directory);
  const experiment = await makeExperiment(server, "run");
  let json = 0;
  function* sendings(): Generator<Sending> {
    for (let sent = 0; sent < events; sent += 1000) {
      const batch = batchAt(sent);
      json += batch.body.length;
      yield { experiment, batch };
    }
  }
  await sendAll(server, sendings());
  await server.stop();
  const disk = sizeOf(directory);
  row(
    "SQLite",
    events.toLocaleString("en"),
    (json / events).toFixed(0),
    (disk / events).toFixed(0),
    `${((disk / json) * 100).toFixed(0)} %`,
  );
};
