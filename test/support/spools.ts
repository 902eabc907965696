/** Spools in files, as several processes see them. */
import * as NodeServices from "@effect/platform-node/NodeServices";
import { assert } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import type * as Path from "effect/Path";
import * as References from "effect/References";
import type * as Scope from "effect/Scope";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as Spool from "../../src/Spool.ts";
import { temporaryDirectory } from "./processes.ts";

export const destination = {
  api: "v1",
  host: "https://metrics.test",
  slug: "iris",
};
export const limits = { maxEvents: 10, maxBytes: 10_000, interval: Duration.millis(20) };

export const inDirectory = <A, E>(
  program: (directory: string) => Effect.Effect<A, E, Scope.Scope>,
) =>
  temporaryDirectory.pipe(
    Effect.flatMap((directory) => Effect.scoped(program(directory))),
    Effect.provideService(References.MinimumLogLevel, "None"),
    Effect.scoped,
  );

/** A process of its own on the directory, until the scope closes. */
export const spoolOn = (
  directory: string,
  options: Spool.FileOptions = {},
  disk: Layer.Layer<FileSystem.FileSystem | Path.Path> = NodeServices.layer,
) =>
  Effect.map(
    Layer.build(Spool.layerFileSystem(directory, options).pipe(Layer.provide(disk))),
    (context) => Effect.provideContext(Spool.Spool, context),
  ).pipe(Effect.flatten);

/** A process on the directory that opens a log, uses it, and ends. */
export const inProcess = <A, E>(
  directory: string,
  use: (log: Spool.Log) => Effect.Effect<A, E>,
  options: Spool.FileOptions = {},
) =>
  spoolOn(directory, options).pipe(
    Effect.flatMap((spool) => spool.open(destination, "", limits)),
    Effect.flatMap(use),
    Effect.scoped,
  );

/** A process that leaves events. */
export const leave = (
  directory: string,
  events: ReadonlyArray<string>,
  options: Spool.FileOptions = {},
) =>
  inProcess(
    directory,
    (log) => Effect.forEach(events, (event) => log.offer("metric", event), { discard: true }),
    options,
  );

export const pollAll = (outgoing: Pick<Spool.Log, "poll">) =>
  Effect.gen(function* () {
    const bodies: Array<string> = [];
    for (;;) {
      const batch = yield* outgoing.poll;
      if (batch === undefined) return bodies;
      const entries = new TextDecoder().decode(batch.body).split(",\n");
      assert.lengthOf(entries, batch.count);
      bodies.push(...entries);
    }
  });

export const events = (count: number) =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ i, text: "é,\n".repeat(i % 7) }));

/** The one log below a directory. */
export const homeIn = (directory: string) =>
  join(
    directory,
    readdirSync(directory).find((name) => name.includes("@"))!,
  );
export const segmentsIn = (directory: string) => {
  const home = homeIn(directory);
  return readdirSync(home)
    .filter((name) => name.endsWith(".spool"))
    .toSorted()
    .map((name) => join(home, name));
};

export const adoptIn = (directory: string, recipient: Partial<Spool.Recipient> = {}) =>
  Effect.flatMap(spoolOn(directory), (spool) =>
    spool.adopt({ api: destination.api, host: destination.host, ...recipient }, limits),
  );
