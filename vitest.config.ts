import { defineConfig } from "vitest/config";

const src = `${import.meta.dirname}/src`;

/** What kills processes again and again, tries thousands of strange things, or builds. */
const long = [
  "test/build/place.test.ts",
  "test/recording/{endings,killed,resend-through-a-proxy,soak,together}.test.ts",
  "test/request/{fuzz,socket-fuzz}.test.ts",
  "test/server/{fuzz,keeps-what-it-is-given,v2-fuzz}.test.ts",
  "test/store/{migrations,samples}.test.ts",
];

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
      {
        extends: true,
        test: {
          name: "short",
          include: ["test/**/*.test.ts"],
          exclude: ["test/page/**", ...long],
        },
      },
      { extends: true, test: { name: "long", include: long } },
      // In a browser.
      { extends: true, test: { name: "page", include: ["test/page/*.test.ts"] } },
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
    globalSetup: "test/support/build.ts",
    // Processes that tests start load the same modules again and again.
    env: { NODE_COMPILE_CACHE: `${import.meta.dirname}/node_modules/.cache/compiled` },
    // Many tests wait for processes and sockets, so that no core need be left free.
    maxWorkers: "100%",
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
