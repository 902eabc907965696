/** The programs that are weighed in bytes, and the scales. */
import { build } from "esbuild";
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

const gzipped = (code: Uint8Array | string): number => gzipSync(code, { level: 9 }).byteLength;

/** Bytes of a program for the browser, minified, gzip -9. The package's name means the build, as it does to a user. */
export const bundlers = {
  esbuild: async (file: string): Promise<number> => {
    const { outputFiles } = await build({
      entryPoints: [file],
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
      platform: "browser",
      tsconfigRaw: {},
    });
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
