/** What is printed: safe for any terminal, whoever chose the words, and in colours where someone looks. */
import * as Console from "effect/Console";
import type * as Effect from "effect/Effect";
import { styleText } from "node:util";

/** What a terminal takes for a command, or shows in another order than it stands in. */
const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const escaped = (character: string) =>
  named[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Words of others on one line: a control character is shown as what JavaScript writes for it. */
export const plain = (text: string): string => text.replaceAll(unsafe, escaped);

/** The same of a text of several lines. */
export const plainLines = (text: string): string => text.split("\n").map(plain).join("\n");

/** JSON with no more in it than a terminal can bear; it is read back as the same. */
export const json = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replaceAll(unsafe, (character) =>
    character === "\n" ? character : escaped(character),
  );

export const printJson = (value: unknown): Effect.Effect<void> => Console.log(json(value, 2));

/** In a colour where stdout is a terminal that has some, and nobody wants none (`NO_COLOR`). */
export const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
  styleText(style, text, { stream: process.stdout });

export const hasColours = (): boolean => paint("red", "x") !== "x";

const statusStyles = { running: "cyan", done: "green", error: "red" } as const;

export const paintStatus = (status: string): string =>
  Object.hasOwn(statusStyles, status)
    ? paint(statusStyles[status as keyof typeof statusStyles], status)
    : plain(status);

/** So many of what, in words. */
export const counted = (count: number, what: string): string =>
  `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;

/** As many digits as tell numbers apart on a screen. */
export const shortNumber = (value: number): string => String(Number(value.toPrecision(6)));

/** A date and a time, in UTC, to the second. */
export const shortTime = (time: string): string => `${time.slice(0, 19).replace("T", " ")} UTC`;

type Align = "left" | "right";

/** Columns below their names. What is in a cell is made plain. */
export const table = (
  columns: ReadonlyArray<readonly [name: string, align?: Align]>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
): ReadonlyArray<string> => {
  const cells = rows.map((row) => row.map(plain));
  const widths = columns.map(([name], i) =>
    Math.max(name.length, ...cells.map((row) => [...(row[i] ?? "")].length)),
  );
  const line = (row: ReadonlyArray<string>) =>
    row
      .map((cell, i) => {
        const space = " ".repeat(Math.max(0, (widths[i] ?? 0) - [...cell].length));
        return columns[i]?.[1] === "right" ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd();
  return [paint("dim", line(columns.map(([name]) => name))), ...cells.map(line)];
};

/** Names and what belongs to them, one below the other. Values are printed as they are given. */
export const pairs = (
  entries: ReadonlyArray<readonly [name: string, value: string]>,
): ReadonlyArray<string> => {
  const width = Math.max(0, ...entries.map(([name]) => [...plain(name)].length));
  return entries.map(([name, value]) => {
    const shown = plain(name);
    return `${paint("dim", shown)}${" ".repeat(width - [...shown].length)}  ${value}`.trimEnd();
  });
};

export const print = (lines: ReadonlyArray<string>): Effect.Effect<void> =>
  Console.log(lines.join("\n"));
