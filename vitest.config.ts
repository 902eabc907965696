import { defineConfig } from "vitest/config";

const src = `${import.meta.dirname}/src`;

export default defineConfig({
  resolve: {
    // Tests import the package by its name, and get the sources.
    alias: [
      { find: /^syvain-metrics-effect$/, replacement: `${src}/index.ts` },
      { find: /^syvain-metrics-effect\/([A-Z]\w*)$/, replacement: `${src}/$1.ts` },
      { find: /^syvain-metrics-effect\/(v2\/[A-Z]\w*)$/, replacement: `${src}/$1.ts` },
      { find: /^syvain-metrics-effect\/([a-z]\w*)$/, replacement: `${src}/$1/index.ts` },
    ],
  },
  test: {
    projects: [
      { extends: true, test: { name: "all", include: ["test/**/*.test.ts"] } },
      // What recording promises it promises over each API.
      {
        extends: true,
        test: {
          name: "over v2",
          include: ["test/recording/*.test.ts"],
          // These know of no API.
          exclude: ["test/recording/{limits,resend-through-a-proxy,written-in-one-go}.test.ts"],
          env: { RECORDING_API: "v2" },
        },
      },
    ],
    // Many tests wait for processes and sockets, so that no core need be left free.
    maxWorkers: "100%",
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
