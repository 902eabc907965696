import { assert, describe, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as ConfigService from "../../src/ConfigService.ts";
import { configured } from "../support/login.ts";

describe("how long we wait", () => {
  const limits = (config: ConfigService.ConfigService["Service"]) => ({
    timeout: Duration.toMillis(config.timeout),
    ingestTimeout: Duration.toMillis(config.ingestTimeout),
    deadline: config.deadline && Duration.toMillis(config.deadline),
  });
  const key = { SYVAIN_METRICS_API_KEY: "k" };
  const both = {
    ...key,
    SYVAIN_METRICS_TIMEOUT: "3 seconds",
    SYVAIN_METRICS_INGEST_TIMEOUT: "4 minutes",
  };

  it.effect("10 s, 60 s and no deadline, when nothing is said", () =>
    Effect.gen(function* () {
      const defaults = { timeout: 10_000, ingestTimeout: 60_000, deadline: undefined };
      for (const layer of [
        ConfigService.layer({ apiKey: "k" }),
        ConfigService.layerAuto(),
        ConfigService.layerConfig,
      ]) {
        assert.deepStrictEqual(limits(yield* configured(layer, key)), defaults);
      }
    }),
  );

  it.effect("a limit is any duration", () =>
    Effect.gen(function* () {
      const config = yield* configured(
        ConfigService.layer({
          apiKey: "k",
          timeout: 1500,
          ingestTimeout: Duration.minutes(2),
          deadline: "1 hour",
        }),
      );
      assert.deepStrictEqual(limits(config), {
        timeout: 1500,
        ingestTimeout: 120_000,
        deadline: 3_600_000,
      });
    }),
  );

  it.effect("the environment's limits hold for layerConfig and layerAuto, and not for layer", () =>
    Effect.gen(function* () {
      const fromEnv = { timeout: 3000, ingestTimeout: 240_000, deadline: undefined };
      assert.deepStrictEqual(limits(yield* configured(ConfigService.layerConfig, both)), fromEnv);
      assert.deepStrictEqual(limits(yield* configured(ConfigService.layerAuto(), both)), fromEnv);
      const own = yield* configured(ConfigService.layer({ apiKey: "k" }), both);
      assert.strictEqual(Duration.toMillis(own.timeout), 10_000);
    }),
  );

  it.effect("an option is stronger than the environment, limit by limit", () =>
    Effect.gen(function* () {
      const config = yield* configured(ConfigService.layerAuto({ timeout: "1 second" }), both);
      assert.deepStrictEqual(limits(config), {
        timeout: 1000,
        ingestTimeout: 240_000,
        deadline: undefined,
      });
    }),
  );

  const bad = [0, -1, Number.NaN, "0 seconds", "-5 seconds", "soon", "10", "", "10 parsecs"];
  for (const setting of ["timeout", "ingestTimeout", "deadline"] as const) {
    it.effect.each(bad)(`${setting}: %j is refused by name`, (value) =>
      Effect.gen(function* () {
        const wrong = { [setting]: value as Duration.Input };
        for (const layer of [
          ConfigService.layer({ apiKey: "k", ...wrong }),
          ConfigService.layerAuto({ apiKey: "k", ...wrong }),
        ]) {
          const { message, reason } = yield* Effect.flip(configured(layer));
          assert(reason._tag === "InvalidSetting");
          assert.strictEqual(reason.setting, setting);
          assert.include(message, setting);
          assert.include(message, '"10 seconds"');
        }
      }),
    );
  }

  for (const setting of ["SYVAIN_METRICS_TIMEOUT", "SYVAIN_METRICS_INGEST_TIMEOUT"]) {
    it.effect.each(["0 seconds", "-5 seconds", "soon", "10", "10 parsecs"])(
      `${setting}=%s is refused by name`,
      (value) =>
        Effect.gen(function* () {
          for (const layer of [ConfigService.layerConfig, ConfigService.layerAuto()]) {
            const { message, reason } = yield* Effect.flip(
              configured(layer, { ...key, [setting]: value }),
            );
            assert(reason._tag === "InvalidSetting");
            assert.strictEqual(reason.setting, setting);
            assert.include(message, setting);
            assert.include(message, '"10 seconds"');
          }
        }),
    );
  }
});
