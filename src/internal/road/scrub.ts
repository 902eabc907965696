export type Scrub = (text: string) => string;

/** However a text spells one UTF-16 unit: as it is, behind the backslashes of JSON in JSON, or percent-encoded. */
const spelling = (unit: string): string => {
  const code = unit.charCodeAt(0).toString(16).padStart(4, "0");
  const hex = code.slice(2).replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
  const escaped = `\\\\*(?:u00${hex}|\\u${code})`;
  return `(?:${unit === "\\" ? "\\\\+" : escaped}|%${hex})`;
};

/** Cuts every spelling of the keys out of a text that came from outside, control characters too: it may end up in a terminal. */
export const makeScrub = (keys: ReadonlyArray<string>): Scrub => {
  const spellings = keys
    // As it arrives: a header has no white space around it.
    .map((key) => key.trim())
    .filter((key) => key !== "")
    .map((key) => new RegExp(key.split("").map(spelling).join(""), "g"));
  return (text) =>
    spellings
      .reduce((text, key) => text.replace(key, "<redacted>"), text)
      // oxlint-disable-next-line no-control-regex -- these are what is looked for
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, " ");
};
