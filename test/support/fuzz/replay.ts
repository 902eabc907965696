/** Which cases run, and how one that failed is had again. */

const { FUZZ_SEED: seed = "1", FUZZ_COUNT, FUZZ_CASE } = process.env;

export { seed };

/** How many cases run: as many as the environment says. */
export const countOr = (usual: number): number =>
  FUZZ_CASE === undefined ? Number(FUZZ_COUNT ?? usual) : 1;

/** Their numbers. */
export const numbers = (count: number): ReadonlyArray<number> =>
  FUZZ_CASE === undefined ? Array.from({ length: count }, (_, n) => n) : [Number(FUZZ_CASE)];

/** The command that runs one case of a test alone. */
export const commandFor = (file: string, name: string, n: number | string): string =>
  `FUZZ_SEED=${seed} FUZZ_CASE=${n} npx vitest run ${file} -t ${JSON.stringify(name)}`;
