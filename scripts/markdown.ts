/** The blocks of code in a Markdown text. */

export interface Block {
  readonly file: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  readonly heading: string;
  /** `ts`, and what stands behind it. */
  readonly language: string;
  readonly words: ReadonlyArray<string>;
  readonly code: string;
  /** What it prints: the `text` block right below, with nothing between but an empty line. */
  readonly printed: { readonly line: number; readonly text: string } | undefined;
  /** The same without a key in the environment: the `text without a key` block that comes next but for that one. */
  readonly printedWithoutKey: { readonly line: number; readonly text: string } | undefined;
  /** The packages that the `npm install` lines above it name. */
  readonly installed: ReadonlySet<string>;
}

export interface Fence {
  readonly info: string;
  readonly heading: string;
  /** From 1. */
  readonly line: number;
  readonly end: number;
  readonly text: string;
}

export const fencesOf = (file: string, lines: ReadonlyArray<string>): Array<Fence> => {
  const fences: Array<Fence> = [];
  let heading = "";
  let open: { fence: string; info: string; line: number; text: Array<string> } | undefined;
  lines.forEach((text, index) => {
    if (open === undefined) {
      const [, fence, info = ""] = /^ {0,3}(`{3,}|~{3,})\s*(.*?)\s*$/.exec(text) ?? [];
      if (fence !== undefined) open = { fence, info, line: index + 1, text: [] };
      else heading = /^#{1,6}\s+(.*)$/.exec(text)?.[1] ?? heading;
    } else if (text.trim().startsWith(open.fence) && /^\s*(`+|~+)\s*$/.test(text)) {
      fences.push({ ...open, heading, end: index + 1, text: open.text.join("\n") });
      open = undefined;
    } else {
      open.text.push(text);
    }
  });
  if (open !== undefined) throw new Error(`${file}:${open.line}: the block is never closed`);
  return fences;
};

const installedBy = (shell: string): Array<string> =>
  [...shell.matchAll(/^npm install (.*)$/gm)].flatMap(([, names]) =>
    names!.split(/\s+/).filter((name) => !name.startsWith("-")),
  );

/** The blocks of TypeScript and JavaScript; `known` is installed already. */
export const blocksOf = (
  file: string,
  markdown: string,
  known: ReadonlySet<string> = new Set(),
): Array<Block> => {
  const lines = markdown.split(/\r?\n/);
  const fences = fencesOf(file, lines);
  const installed = new Set(known);
  return fences.flatMap((fence, index) => {
    const { end, heading, line, text: code } = fence;
    const [language = "", ...words] = fence.info.split(/\s+/);
    if (language === "sh") for (const name of installedBy(fence.text)) installed.add(name);
    if (!/^([mc]?[tj]sx?|typescript|javascript)$/i.test(language)) return [];
    const [next, after] = fences.slice(index + 1);
    const isBelow = (fence: Fence | undefined): fence is Fence =>
      fence?.info === "text" &&
      lines.slice(end, fence.line - 1).every((between) => between.trim() === "");
    const printed = isBelow(next) ? next : undefined;
    const other = printed === undefined ? next : after;
    const printedWithoutKey = other?.info === "text without a key" ? other : undefined;
    return [
      {
        file,
        line,
        heading,
        language,
        words,
        code,
        printed,
        printedWithoutKey,
        installed: new Set(installed),
      },
    ];
  });
};
