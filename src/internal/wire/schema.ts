/**
 * The building blocks of the wire contract: structs with the wire's own names, optional fields, ids, texts, times and metadata.
 */
import type * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
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

// -----------------------------------------------------------------------------
// Fields of a request
// -----------------------------------------------------------------------------

const leftOut = <S extends Schema.Top>(
  schema: S,
  encode: (input: Option.Option<S["Type"] | undefined>) => Option.Option<S["Type"]>,
) =>
  Schema.optionalKey(schema).pipe(
    Schema.decodeTo(Schema.optional(Schema.toType(schema)), {
      decode: SchemaGetter.passthroughSubtype(),
      encode: SchemaGetter.transformOptional(encode),
    }),
  );

/** An optional input: `undefined` or left out in TypeScript, left out on the wire (never `null`). */
export const optional = <S extends Schema.Top>(schema: S) =>
  leftOut(
    schema,
    Option.filter((value: S["Type"] | undefined): value is S["Type"] => value !== undefined),
  );

/** An optional input that the wire always carries: `value` stands there for one that was left out. */
export const always = <S extends Schema.Top>(schema: S, value: S["Type"]) =>
  leftOut(schema, (input) => Option.some(Option.getOrUndefined(input) ?? value));

/** What an {@link Id} is, in words. */
export const idInWords = 'a non-empty id that is well-formed Unicode and neither "." nor ".."';

/** A pair of surrogates is one code point here, so that only a lone one matches. Bundlers drop a call of `encodeURIComponent` that is there to throw. */
const isWellFormed = (value: string): boolean => !/[\ud800-\udfff]/u.test(value);

/** A path segment. `.` and `..` are path syntax to a URL and lone surrogates cannot be percent-encoded (RFC 3986). */
export const isId = (id: unknown): id is string =>
  typeof id === "string" && id !== "" && id !== "." && id !== ".." && isWellFormed(id);

export const Id = Schema.String.check(
  Schema.makeFilter((id: string) => isId(id), { expected: idInWords }, true),
);

/** A string inside a URL query, which cannot carry a lone surrogate. */
export const QueryString = Schema.String.check(
  Schema.makeFilter((value: string) => isWellFormed(value), { expected: "well-formed Unicode" }),
);

/** A text of so many characters, counted in UTF-16 units as the service counts. */
export const text = (min: number, max: number) =>
  Schema.String.check(
    // `Schema.isBetweenLength` would cost a browser 0.2 kB.
    Schema.makeFilter((value: string) => value.length >= min && value.length <= max, {
      expected: min === 0 ? `at most ${max} characters` : `${min} to ${max} characters`,
      toJsonSchema: () => ({ minLength: min, maxLength: max }),
      arbitraryConstraint: { minLength: min, maxLength: max },
    }),
  );

/** So many members, `what` they are. */
export const count = (min: number, max: number, what: string) =>
  Schema.makeFilter(
    (members: ReadonlyArray<unknown>) => members.length >= min && members.length <= max,
    { expected: min === 0 ? `at most ${max} ${what}` : `${min} to ${max} ${what}` },
  );

export const NonNegativeInt = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));

// -----------------------------------------------------------------------------
// Fields of an answer
// -----------------------------------------------------------------------------

/** `null` on the wire or left out there; `null` in TypeScript. */
export const nullable = <S extends Schema.Top & { readonly DecodingServices: never }>(schema: S) =>
  Schema.NullOr(schema).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)));

/** An open set of words: those we know, and any that the service may add. */
export const openLiterals = <const L extends ReadonlyArray<string>>(literals: L) =>
  Schema.Union([Schema.StringForLiteralAutocomplete, Schema.Literals(literals)]);

// -----------------------------------------------------------------------------
// Times and metadata
// -----------------------------------------------------------------------------

/** An instant: `DateTime.Utc` in TypeScript, Unix milliseconds on the wire. */
export const Timestamp = Schema.DateTimeUtcFromMillis;

/** The same of an input that the service refuses before 1970. */
export const TimestampInput = Timestamp.check(
  Schema.makeFilter(({ epochMilliseconds }: DateTime.Utc) => epochMilliseconds >= 0, {
    expected: "an instant of 1970 or later",
  }),
);

/** User metadata: any JSON object, never renamed, in either direction. */
export type Metadata = { readonly [key: string]: Schema.Json };

export const isJsonObject = (value: Schema.Json): value is Metadata => Predicate.isObject(value);

export const Metadata = Schema.Json.pipe(
  Schema.refine(isJsonObject, { expected: "a JSON object" }),
);

/** Left out is the same as empty. */
export const metadataOrEmpty = Metadata.pipe(Schema.withDecodingDefaultKey(Effect.succeed({})));
