/** JSON as it is written: names may come twice, numbers may be ones that no `number` holds, and any text may stand for a value. */
export type Json =
  | { readonly _tag: "Object"; fields: Array<[name: Json, value: Json]> }
  | { readonly _tag: "Array"; items: Array<Json> }
  /** Written as it is. */
  | { readonly _tag: "Raw"; text: string };

export const raw = (text: string): Json => ({ _tag: "Raw", text });
export const quoted = (text: string): Json => raw(JSON.stringify(text));

export const fromValue = (value: unknown): Json => {
  if (Array.isArray(value)) return { _tag: "Array", items: value.map(fromValue) };
  if (typeof value !== "object" || value === null) return raw(JSON.stringify(value));
  return {
    _tag: "Object",
    fields: Object.entries(value).map(([name, field]) => [quoted(name), fromValue(field)]),
  };
};

export const write = (json: Json): string => {
  switch (json._tag) {
    case "Raw":
      return json.text;
    case "Array":
      return `[${json.items.map(write).join(",")}]`;
    case "Object":
      return `{${json.fields.map(([name, value]) => `${write(name)}:${write(value)}`).join(",")}}`;
  }
};

/** Where a value stands, to be replaced. */
export interface Place {
  readonly get: Json;
  readonly set: (json: Json) => void;
}

/** Every value below, and the whole. */
export const places = (whole: Place): ReadonlyArray<Place> => {
  const json = whole.get;
  const below =
    json._tag === "Array"
      ? json.items.map((get, i) => ({ get, set: (to: Json) => void (json.items[i] = to) }))
      : json._tag === "Object"
        ? json.fields.map((field) => ({ get: field[1], set: (to: Json) => void (field[1] = to) }))
        : [];
  return [whole, ...below.flatMap(places)];
};
