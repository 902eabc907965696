/** What becomes of what was acknowledged when the server is killed again and again under load. */
import { killAgainAndAgain } from "../../test/support/serverKills.ts";
import { runProgram } from "../../test/support/serving.ts";
import { heading, row } from "../support/contender.ts";
import { cli, kinds } from "./serving.ts";

export const measureKills = async (kills = 200): Promise<void> => {
  heading(
    "store",
    "kills",
    "events acknowledged",
    "lost",
    "twice",
    "not acknowledged, but there",
    "folders lost or twice",
    "answers that were not kept",
  );
  for (const kind of kinds) {
    const args = await kind.args();
    const { acknowledged, stored, foldersKept, foldersMade, wrong } = await killAgainAndAgain({
      start: (...more) => runProgram(process.execPath, cli, "serve", ...args, ...more),
      kills,
      clients: 6,
      batch: 500,
    });
    const [there, taken] = [new Set(stored), new Set(acknowledged)];
    row(
      kind.name,
      kills,
      taken.size.toLocaleString("en"),
      acknowledged.filter((id) => !there.has(id)).length,
      stored.length - there.size,
      [...there].filter((id) => !taken.has(id)).length,
      Math.abs(new Set(foldersKept).size - foldersMade.length) +
        foldersKept.length -
        new Set(foldersKept).size,
      wrong.length,
    );
  }
};
