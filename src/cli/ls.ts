/**
 * `syvain-metrics-effect ls`: folders and experiments, as a tree.
 */
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import { experimentsOf } from "../internal/events/tree.ts";
import * as Experiments from "../v2/Experiments.ts";
import * as Folders from "../v2/Folders.ts";
import { clientFlags, jsonFlag, withClient } from "./client.ts";
import { paint, paintStatus, plain, print, printJson, shortTime } from "./terminal.ts";

/** What lies at a path; `undefined` where there is no such folder. */
const at = (tree: Folders.FolderTree, path: string): Folders.FolderTree | undefined => {
  let found: Folders.FolderTree | undefined = tree;
  for (const name of path.split("/").filter((name) => name !== "")) {
    found = found?.folders.find((folder) => folder.name === name);
  }
  return found;
};

type Described = ReadonlyMap<string, Experiments.Experiment>;

const describe = ({ status, lastEventAt }: Experiments.Experiment): string => {
  const last = lastEventAt === null ? "" : `, last ${shortTime(DateTime.formatIso(lastEventAt))}`;
  return `  ${paintStatus(status)}${paint("dim", last)}`;
};

const lines = (
  { experiments, folders }: Folders.FolderTree,
  described: Described,
  before = "",
): ReadonlyArray<string> => {
  const entries = [
    ...folders.map((folder) => ({
      name: paint("bold", `${plain(folder.name)}/`),
      below: (before: string) => lines(folder, described, before),
    })),
    ...experiments.map(({ experimentId, slug }) => {
      const record = described.get(experimentId);
      return { name: plain(slug) + (record ? describe(record) : ""), below: () => [] };
    }),
  ];
  return entries.flatMap(({ name, below }, i) => {
    const [branch, trunk] = i < entries.length - 1 ? ["├── ", "│   "] : ["└── ", "    "];
    return [before + paint("dim", branch) + name, ...below(before + paint("dim", trunk))];
  });
};

export const ls = Command.make(
  "ls",
  {
    path: Argument.String("path").pipe(
      Argument.withDefault("/"),
      Argument.withDescription("The folder to begin at; by default the top level"),
    ),
    long: Flag.Boolean("long").pipe(
      Flag.withAlias("l"),
      Flag.withDefault(false),
      Flag.withDescription("Say where each experiment stands, too"),
    ),
    ...clientFlags,
    json: jsonFlag,
  },
  ({ path, long, json, ...flags }) =>
    Effect.gen(function* () {
      const tree = at(yield* Folders.tree, path);
      if (tree === undefined) {
        return yield* Effect.fail(new Error(`There is no folder ${JSON.stringify(path)}.`));
      }
      const ids = long ? experimentsOf(tree).map(({ experimentId }) => experimentId) : [];
      const { experiments } = yield* Experiments.getMany(ids);
      const described = new Map(experiments.map((record) => [record.experimentId, record]));
      if (json) {
        const { folders, experiments } = tree;
        return yield* printJson(
          long
            ? { folders, experiments, records: [...described.values()] }
            : { folders, experiments },
        );
      }
      const name = tree.folders.length + tree.experiments.length === 0 ? `${path} (empty)` : path;
      yield* print([paint("bold", plain(name)), ...lines(tree, described)]);
    }).pipe(withClient(flags)),
).pipe(
  Command.withDescription("Show folders and experiments as a tree"),
  Command.withExamples([
    {
      command: "syvain-metrics-effect ls /models --long",
      description: "What lies in a folder, and where it stands",
    },
  ]),
);
