/**
 * The building blocks of the wire contract: snake_case structs, optional fields, ids, timestamps, metadata and pages.
 */
import type * as DateTime from "effect/DateTime";
import * as Option from "effect/Option";
import * as Predicate from "effect/Predicate";
import * as Schema from "effect/Schema";
import * as SchemaGetter from "effect/SchemaGetter";
import * as String from "effect/String";

type Snake<S extends string> = S extends `${infer Head}${infer Tail}`
  ? Head extends Lowercase<Head>
    ? `${Head}${Snake<Tail>}`
    : `_${Lowercase<Head>}${Snake<Tail>}`
  : S;

type WireNames<Fields, Names> = {
  readonly [K in keyof Fields]: K extends keyof Names ? Names[K] : K extends string ? Snake<K> : K;
};

/** A struct whose fields are camelCase in TypeScript and snake_case on the wire; `names` overrides single wire names. */
export const wireStruct = <
  const Fields extends Schema.Struct.Fields,
  const Names extends { readonly [K in keyof Fields]?: string } = {},
>(
  fields: Fields,
  names?: Names,
) =>
  Schema.Struct(fields).pipe(
    Schema.encodeKeys(
      // `WireNames` states on the type level what `camelToSnake` does to every key.
      {
        ...Object.fromEntries(Object.keys(fields).map((key) => [key, String.camelToSnake(key)])),
        ...names,
      } as unknown as WireNames<Fields, Names>,
    ),
  );

/** An optional input: `undefined` or left out in TypeScript, left out on the wire (never `null`). */
export const optional = <S extends Schema.Top>(schema: S) =>
  Schema.optionalKey(schema).pipe(
    Schema.decodeTo(Schema.optional(Schema.toType(schema)), {
      decode: SchemaGetter.passthroughSubtype(),
      encode: SchemaGetter.transformOptional(
        Option.filter((value: S["Type"] | undefined): value is S["Type"] => value !== undefined),
      ),
    }),
  );

/** What an {@link Id} is, in words. */
export const idInWords = 'a non-empty id that is well-formed Unicode and neither "." nor ".."';

/** An opaque id. `.` and `..` are path syntax to a URL and lone surrogates cannot be percent-encoded (RFC 3986). */
export const isId = (id: unknown): id is string =>
  typeof id === "string" && id !== "" && id !== "." && id !== ".." && isWellFormed(id);

export const Id = Schema.String.check(
  Schema.makeFilter((id: string) => isId(id), { expected: idInWords }, true),
);

/** A string inside a URL query, which cannot carry a lone surrogate. */
export const QueryString = Schema.String.check(
  Schema.makeFilter((value: string) => isWellFormed(value), {
    expected: "well-formed Unicode",
  }),
);

/** A pair of surrogates is one code point here, so that only a lone one matches. Bundlers drop a call of `encodeURIComponent` that is there to throw. */
function isWellFormed(value: string): boolean {
  return !/\p{Surrogate}/u.test(value);
}

const rfc3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** `Date` reads the 30th of February as the 1st of March, if at all. */
export const isRfc3339 = (text: string): boolean =>
  rfc3339.test(text) && new Date(text.slice(0, 10)).getUTCDate() === Number(text.slice(8, 10));

const year0 = Date.parse("0000-01-01T00:00:00.000Z");
const year9999 = Date.parse("9999-12-31T23:59:59.999Z");

/** An instant: `DateTime.Utc` in TypeScript, an RFC 3339 string on the wire. Finer than a millisecond is cut off. */
export const Timestamp = Schema.String.check(
  Schema.makeFilter(isRfc3339, { expected: "an RFC 3339 date-time with an offset" }),
).pipe(
  Schema.decodeTo(Schema.DateTimeUtcFromString),
  Schema.check(
    // RFC 3339 has four digits for the year.
    Schema.makeFilter(({ epochMilliseconds: at }: DateTime.Utc) => at >= year0 && at <= year9999, {
      expected: "an instant of the years 0000 to 9999",
    }),
  ),
);

/** User metadata: any JSON object, never renamed, in either direction. */
export type Metadata = { readonly [key: string]: Schema.Json };

const isJsonObject = (value: Schema.Json): value is Metadata => Predicate.isObject(value);

export const Metadata = Schema.Json.pipe(
  Schema.refine(isJsonObject, { expected: "a JSON object" }),
);

export const NonNegativeInt = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));

const cursor = QueryString.check(Schema.isNonEmpty());

const pageFields = {
  cursor: optional(cursor),
  limit: optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
};

/** The query of a paginated list: its own fields, and where in the list. */
export const paged = <const Fields extends Schema.Struct.Fields>(fields: Fields) => ({
  ...fields,
  ...pageFields,
});

/** `null` on the last page. It has to be what {@link paged} takes: an empty one would start at page one again. */
export const nextCursor = Schema.NullOr(cursor);
