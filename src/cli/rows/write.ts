/** Points as the rows of a file, some at a time. */
import * as Effect from "effect/Effect";
import type { Series } from "../../v2/Series.ts";
import { json, plain } from "../terminal.ts";

/** Turns points into what a file holds. */
export interface RowWriter {
  readonly start: string;
  readonly rows: (batch: Series) => string | Uint8Array;
  readonly end: () => string | Uint8Array;
}

const linesOf = (
  { steps, timestampsMs, values }: Series,
  line: (step: number | null, timestampMs: number, value: number) => string,
): string => {
  let lines = "";
  for (const [i, value] of values.entries()) {
    lines += `${line(steps[i] ?? null, timestampsMs[i] ?? 0, value)}\n`;
  }
  return lines;
};

const metadataText = ({ metadata }: Series): string =>
  Object.keys(metadata).length === 0 ? "" : json(metadata);

/** As RFC 4180 quotes what would be taken for more than a cell. */
export const csvCell = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** What is read on a terminal must not be obeyed by it; a file has all as it is. */
const forTerminal = (text: string): string => (process.stdout.isTTY ? plain(text) : text);

/** `slug` stands in a column before the others. */
export const csvWriter = (isFile: boolean, slug?: string): RowWriter => ({
  start: "name,step,timestamp,value,metadata\n",
  rows: (batch) => {
    const before = slug === undefined ? "" : `${csvCell(forTerminal(slug))},`;
    const name = csvCell(isFile ? batch.name : forTerminal(batch.name));
    const metadata = csvCell(metadataText(batch));
    return linesOf(
      batch,
      (step, time, value) => `${before}${name},${step ?? ""},${time},${value},${metadata}`,
    );
  },
  end: () => "",
});

export const jsonWriter: RowWriter = {
  start: "",
  rows: (batch) => {
    const name = json(batch.name);
    const metadata = json(batch.metadata);
    return linesOf(
      batch,
      (step, timestamp, value) =>
        `{"name":${name},"step":${step},"timestamp":${timestamp},"value":${value},"metadata":${metadata}}`,
    );
  },
  end: () => "",
};

/** So many points are a row group, which is in memory as a whole. */
const groupSize = 100_000;

const loadParquet = Effect.tryPromise({
  try: () => import("hyparquet-writer"),
  catch: (error) =>
    new Error(
      (error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND"
        ? "Parquet needs a package that is not installed beside this one: npm install hyparquet-writer@0.17.0"
        : `hyparquet-writer cannot be loaded: ${(error as Error).message}`,
    ),
});

export const parquetWriter: Effect.Effect<RowWriter, Error> = Effect.map(
  loadParquet,
  ({ ByteWriter, ParquetWriter }) => {
    const bytes = new ByteWriter();
    const parquet = new ParquetWriter({
      writer: bytes,
      schema: [
        { name: "root", num_children: 5 },
        { name: "name", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
        { name: "step", type: "INT64", repetition_type: "OPTIONAL" },
        {
          name: "timestamp",
          type: "INT64",
          converted_type: "TIMESTAMP_MILLIS",
          repetition_type: "REQUIRED",
        },
        { name: "value", type: "DOUBLE", repetition_type: "REQUIRED" },
        {
          name: "metadata",
          type: "BYTE_ARRAY",
          converted_type: "UTF8",
          repetition_type: "REQUIRED",
        },
      ],
    });
    let [names, metadata]: [Array<string>, Array<string>] = [[], []];
    let steps: Array<bigint | null> = [];
    let timestamps: Array<bigint> = [];
    let values: Array<number> = [];

    /** What is written so far, once. */
    const take = (): Uint8Array => {
      const taken = bytes.getBytes().slice();
      bytes.index = 0;
      return taken;
    };
    const writeGroup = () => {
      if (values.length === 0) return;
      void parquet.write({
        columnData: [
          { name: "name", data: names },
          { name: "step", data: steps },
          { name: "timestamp", data: timestamps },
          { name: "value", data: values },
          { name: "metadata", data: metadata },
        ],
        rowGroupSize: values.length,
      });
      [names, metadata, steps, timestamps, values] = [[], [], [], [], []];
    };
    return {
      start: "",
      rows: (batch) => {
        const text = JSON.stringify(batch.metadata);
        for (const [i, value] of batch.values.entries()) {
          const step = batch.steps[i] ?? null;
          names.push(batch.name);
          metadata.push(text);
          steps.push(step === null ? null : BigInt(step));
          timestamps.push(BigInt(batch.timestampsMs[i] ?? 0));
          values.push(value);
          if (values.length === groupSize) writeGroup();
        }
        return take();
      },
      end: () => {
        writeGroup();
        void parquet.finish();
        return take();
      },
    };
  },
);
