/**
 * Texts as a database takes them: Postgres refuses NUL in one, and no UTF-8 has half of a surrogate pair. Those are
 * escaped, and what escapes them too, so that different texts stay different.
 */
const special = /[\\\0]|[\ud800-\udfff]/u;
const everySpecial = new RegExp(special, "gu");

const escape = (unit: string): string =>
  unit === "\\" ? "\\\\" : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

export const toText = (text: string): string =>
  special.test(text) ? text.replace(everySpecial, escape) : text;

export const fromText = (text: string): string =>
  text.includes("\\")
    ? text.replace(/\\(?:\\|u([\da-f]{4}))/g, (_, hex: string | undefined) =>
        hex === undefined ? "\\" : String.fromCharCode(Number.parseInt(hex, 16)),
      )
    : text;

/** A pattern of `LIKE … ESCAPE '!'` for texts that contain this one. */
export const toPattern = (text: string): string => `%${toText(text).replace(/[%_!]/g, "!$&")}%`;
