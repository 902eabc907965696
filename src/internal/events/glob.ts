/** What a piece of a pattern stands for. */
const meaningOf = (piece: string): string => {
  if (piece.startsWith("*")) return "[^]*";
  if (piece === "?") return "[^]";
  if (piece.length > 2 && piece.startsWith("[")) {
    const isNot = piece.startsWith("[!");
    const members = piece.slice(isNot ? 2 : 1, -1).replace(/[\\[\]^]/g, "\\$&");
    return `[${isNot ? "^" : ""}${members}]`;
  }
  return piece.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
};

/**
 * A pattern of the shell for a whole text: `*`, `?`, `[abc]`, `[a-z]` and `[!abc]`; `undefined` for none, as `[z-a]`.
 */
export const glob = (pattern: string): RegExp | undefined => {
  const source = pattern.replace(/\*+|\?|\[!?\]?[^\]]*\]|[^*?[]+|\[/g, meaningOf);
  try {
    return new RegExp(`^${source}$`, "u");
  } catch {
    return undefined;
  }
};
