/** Headers that lie, and those that make no sense. */
import type { Dice } from "./dice.ts";

export type Header = readonly [name: string, value: string];

// oxfmt-ignore
const odd: { readonly [name: string]: ReadonlyArray<string> } = {
  "retry-after": [
    "0", "7", "-1", "1.5", "1e400", "9".repeat(400), "0x10", "", "soon", "7, 8", "Infinity", "NaN",
    "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 32 Foo 2026 25:61:61 GMT",
    "Friday, 31-Dec-99 23:59:59 GMT", "Fri Dec 31 23:59:59 2026", "Sat, 01 Jan 275761 00:00:00 GMT",
  ],
  "retry-after-ms": ["0", "250", "-5", "1e3", "9".repeat(400), "", "NaN", "0.5"],
  "content-type": [
    "application/json; charset=utf-16", "application/json; charset=nonsense", "application/problem+json", "text/html",
    "image/png", "multipart/form-data", "", ";;;", "a".repeat(5_000),
  ],
  "x-request-id": ["", "req_1", "é\u00ff", "a".repeat(10_000), "<script>", "\t", "id, id", "__proto__"],
  "request-id": ["req_2", "\u0080"],
  location: [
    "", "/", "?", "#", "//evil.example", "http://[::1", "https://user:pass@evil.example/a?b#c", "javascript:alert(1)",
    "data:text/html,x", "https://evil.example:99999", "\\\\evil", "é", "blob:https://evil.example/1",
    `https://${"a".repeat(5_000)}.example`,
  ],
  "content-encoding": ["gzip", "identity", "br, gzip", "nonsense", ""],
  "content-length": ["0", "1", "100", "-1", "1e3", "9".repeat(30), "5, 5", "abc", "", "+5"],
  "idempotent-replayed": ["true", "TRUE", "maybe"],
  ["__proto__"]: ["x"],
  constructor: ["x"],
  "set-cookie": ["a=b; Path=/; Secure", "=", "a=%zz"],
};

/** Does a header of this name say something of the body? */
export const isAboutTheBody = ([name]: Header): boolean => /^content-(length|encoding)$/.test(name);

export const oddHeader = (dice: Dice, secret: string): Header => {
  const name = dice.pick(Object.keys(odd));
  return [name, dice.chance(0.05) ? secret : dice.pick(odd[name] ?? [""])];
};
