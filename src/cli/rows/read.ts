/** Files of metrics, row by row, in the memory of some rows. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { CsvError } from "csv-parse";
import type { MetricPoint } from "../../v2/Runs.ts";
import { BadRow, type Fields, pointsOf } from "./points.ts";

export type Format = "csv" | "jsonl";

/** The metrics of a row, or what is `wrong` with it. */
export interface Row {
  readonly line: number;
  readonly points: ReadonlyArray<MetricPoint>;
  readonly wrong?: string;
}

const rowOf = (line: number, fields: () => Fields): Row => {
  try {
    return { line, points: pointsOf(fields(), line) };
  } catch (error) {
    if (error instanceof BadRow) return { line, points: [], wrong: error.message };
    throw error;
  }
};

async function* csvRows(input: Readable): AsyncGenerator<Row> {
  const { parse } = await import("csv-parse");
  const parser = parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true });
  input.on("error", (error) => parser.destroy(error));
  let columns: ReadonlyArray<string> | undefined;
  try {
    for await (const { record, info } of input.pipe(parser) as AsyncIterable<{
      readonly record: ReadonlyArray<string>;
      readonly info: { readonly lines: number };
    }>) {
      const line = info.lines;
      if (columns === undefined) {
        columns = record;
        const twice = columns.find((name, i) => record.indexOf(name) !== i);
        const missing = columns.includes("step") ? undefined : "there is no column step";
        const wrong =
          twice === undefined ? missing : `there are two columns ${JSON.stringify(twice)}`;
        if (wrong === undefined) continue;
        yield { line, points: [], wrong };
        return;
      }
      const names = columns;
      yield rowOf(line, () => {
        if (record.length !== names.length) {
          throw new BadRow(`there are ${record.length} cells for ${names.length} columns`);
        }
        return Object.fromEntries(names.map((name, i) => [name, record[i]]));
      });
    }
  } catch (error) {
    if ((error as Partial<CsvError>).code?.startsWith("CSV_") !== true) throw error;
    const { lines, message } = error as CsvError;
    yield { line: Number(lines), points: [], wrong: message };
  }
}

async function* jsonRows(input: Readable): AsyncGenerator<Row> {
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    line++;
    const json = line === 1 ? text.replace(/^\ufeff/, "") : text;
    if (json.trim() === "") continue;
    yield rowOf(line, () => {
      let fields: unknown;
      try {
        fields = JSON.parse(json);
      } catch {
        throw new BadRow("it is not JSON");
      }
      if (typeof fields === "object" && fields !== null && !Array.isArray(fields)) {
        return fields as Fields;
      }
      throw new BadRow("it is not a JSON object");
    });
  }
}

const readers = { csv: csvRows, jsonl: jsonRows };

/** So many rows are handed on together. */
const together = 500;

/** Rows in order, some at a time; `-` is stdin. */
export async function* readRows(
  file: string,
  format: Format,
): AsyncGenerator<ReadonlyArray<Row>, void> {
  const input = file === "-" ? process.stdin : createReadStream(file);
  let rows: Array<Row> = [];
  for await (const row of readers[format](input)) {
    rows.push(row);
    if (rows.length < together) continue;
    yield rows;
    rows = [];
  }
  yield rows;
}

/** As its name says. */
export const formatOf = (file: string): Format | undefined =>
  /\.csv$/i.test(file) ? "csv" : /\.(jsonl|ndjson)$/i.test(file) ? "jsonl" : undefined;
