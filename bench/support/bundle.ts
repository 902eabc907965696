/** The programs that are weighed in bytes, and the scales. */
import { SourceMap } from "node:module";
import { build, type BuildOptions } from "esbuild";
import { rolldown } from "rolldown";
import { gzipSync } from "node:zlib";

const ours = (name: string) => `${import.meta.dirname}/../bundles/${name}.ts`;
/** Needs `npm ci --prefix bench/peers`. */
const peer = (name: string) => `${import.meta.dirname}/../peers/bundles/${name}.ts`;

/** Each is one program that sends one request, or two. */
export const programs = {
  bareEffect: ours("bare-effect"),
  oneEndpoint: ours("one-endpoint"),
  twoEndpoints: ours("two-endpoints"),
  v2Call: ours("v2-call"),
  ingest: ours("ingest"),
  recorder: ours("recorder"),
  root: ours("root"),
};
export const peers = {
  openai: peer("openai"),
  stripe: peer("stripe"),
  anthropic: peer("anthropic"),
  ky: peer("ky"),
};

const options = {
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  platform: "browser",
  tsconfigRaw: {},
} as const satisfies BuildOptions;

/** The modules of src of which there is something in the program. */
export const modulesIn = async (file: string): Promise<ReadonlyArray<string>> => {
  const { outputFiles } = await build({
    ...options,
    entryPoints: [file],
    sourcemap: "external",
    outdir: "out",
  });
  const [map, code] = [".map", ".js"].map(
    (end) => outputFiles.find(({ path }) => path.endsWith(end))!.text,
  );
  const sources = new SourceMap(JSON.parse(map!));
  const found = new Set<string>();
  for (const [line, text] of code!.split("\n").entries()) {
    for (let column = 0; column < text.length; column++) {
      const entry = sources.findEntry(line, column);
      if (!("originalSource" in entry)) continue;
      const [, module] = /(?:^|\/)(src\/[^\n]+)$/.exec(entry.originalSource) ?? [];
      if (module !== undefined && !entry.originalSource.includes("node_modules")) found.add(module);
    }
  }
  return [...found].toSorted();
};

const gzipped = (code: Uint8Array | string): number => gzipSync(code, { level: 9 }).byteLength;

/** Bytes of a program for the browser, minified, gzip -9. The package's name means the build, as it does to a user. */
export const bundlers = {
  esbuild: async (file: string): Promise<number> => {
    const { outputFiles } = await build({ ...options, entryPoints: [file] });
    return outputFiles.reduce((sum, { contents }) => sum + gzipped(contents), 0);
  },
  rolldown: async (file: string): Promise<number> => {
    const bundle = await rolldown({ input: file, platform: "browser", tsconfig: false });
    const { output } = await bundle.generate({ format: "esm", minify: true });
    return output.reduce(
      (sum, chunk) => sum + (chunk.type === "chunk" ? gzipped(chunk.code) : 0),
      0,
    );
  },
};
