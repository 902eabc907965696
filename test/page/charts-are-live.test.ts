import { assert } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import { chart, describePage, eventually, numbersOf, record } from "../support/page.ts";

/** Records one piece after the other, each when it is told to. */
const recordPieces = (
  world: Parameters<typeof record>[0],
  slug: string,
  pieces: ReadonlyArray<{ readonly from: number; readonly to: number }>,
) => {
  const gates = pieces.map(() => Deferred.makeUnsafe<void>());
  const done = record(world, { slug }, (recorder) =>
    Effect.gen(function* () {
      for (const [i, { from, to }] of pieces.entries()) {
        yield* Deferred.await(gates[i]!);
        for (let step = from; step < to; step++) yield* recorder.metric("loss", step, { step });
        yield* recorder.flush;
      }
    }),
  );
  return {
    done,
    next: (i: number) => Effect.runPromise(Deferred.succeed(gates[i]!, undefined)),
  };
};

describePage("a chart of a run that writes", (test) => {
  test("shows what comes, without asking again for what it has", async (world) => {
    const { done, next } = recordPieces(world, "live", [
      { from: 0, to: 5000 },
      { from: 5000, to: 5010 },
      { from: 5010, to: 5100 },
    ]);
    await next(0);
    const page = await world.show();
    const points = async () => (await numbersOf(page, "loss"))["live"]?.[4];
    await eventually(points, "5,000");

    const asked: Array<{ readonly queries: ReadonlyArray<{ readonly from?: number }> }> = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/api/view/series")) asked.push(request.postDataJSON());
    });
    await next(1);
    await eventually(points, "5,010");
    await next(2);
    await eventually(points, "5,100");
    await done;
    assert.isAtLeast(asked.length, 2);
    for (const { queries } of asked) {
      for (const { from } of queries) assert.isAtLeast(from ?? 0, 4900);
    }
    await eventually(
      async () => (await numbersOf(page, "loss"))["live"],
      ["5,099", "0", "5,099", "2,549.5", "5,100", "0", "5,099"],
    );
  });

  test("shows what comes late, and belongs further left", async (world) => {
    const { done, next } = recordPieces(world, "late", [
      { from: 10, to: 3000 },
      { from: 0, to: 10 },
    ]);
    await next(0);
    const page = await world.show();
    const numbers = async () => (await numbersOf(page, "loss"))["late"]?.slice(4);
    await eventually(numbers, ["2,990", "10", "2,999"]);
    await next(1);
    await eventually(numbers, ["3,000", "0", "2,999"]);
    await done;
  });

  test("keeps its zoom while more comes", async (world) => {
    const { done, next } = recordPieces(world, "zoomed", [
      { from: 0, to: 100 },
      { from: 100, to: 200 },
    ]);
    await next(0);
    const page = await world.show("z=20~40");
    const label = () => chart(page, "loss").locator(".plot").getAttribute("aria-label");
    await eventually(async () => (await label())?.includes("step 20 to 40"), true);
    const inRange = ["40", "20", "40", "30", "21", "20", "40"];
    await eventually(async () => (await numbersOf(page, "loss"))["zoomed"], inRange);
    await next(1);
    await done;
    await page.getByRole("checkbox", { name: "zoomed, done" }).waitFor();
    assert.include(await label(), "step 20 to 40");
    assert.deepEqual((await numbersOf(page, "loss"))["zoomed"], inRange);
    assert.include(page.url(), "z=20~40");
    await page.getByRole("button", { name: "Reset zoom" }).click();
    await eventually(async () => (await label())?.includes("step 0 to 199"), true);
  });

  test("appears with its run, its status and a metric that it did not have before", async (world) => {
    const page = await world.show();
    await page.getByText("No run has been recorded yet.").waitFor();
    const gate = Deferred.makeUnsafe<void>();
    const done = record(world, { slug: "new" }, (recorder) =>
      Effect.gen(function* () {
        yield* recorder.metric("loss", 1, { step: 1 });
        yield* recorder.flush;
        yield* Deferred.await(gate);
        yield* recorder.metric("accuracy", 0.5, { step: 1 });
      }),
    );
    await page.getByRole("checkbox", { name: "new, running" }).waitFor();
    await chart(page, "loss").waitFor();
    await Effect.runPromise(Deferred.succeed(gate, undefined));
    await chart(page, "accuracy").waitFor();
    await page.getByRole("checkbox", { name: "new, done" }).waitFor();
    await done;
  });

  test("says that the server is away, and goes on when it is back", async (world) => {
    await record(world, { slug: "calm" }, (recorder) => recorder.metric("loss", 1, { step: 1 }));
    const page = await world.show();
    await chart(page, "loss").waitFor();
    await page.route("**/api/**", (route) => route.abort());
    await page.getByText("The server does not answer.").waitFor();
    await page.unroute("**/api/**");
    await record(world, { slug: "calm" }, (recorder) => recorder.metric("loss", 2, { step: 2 }));
    await eventually(async () => (await numbersOf(page, "loss"))["calm"]?.[4], "2");
    await page.getByText("The server does not answer.").waitFor({ state: "hidden" });
  });
});
