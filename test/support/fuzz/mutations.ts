/** One step away from a valid answer, that knows what JSON is. */
import type { Dice } from "./dice.ts";
import { type Json, type Place, places, quoted, raw, write } from "./json.ts";
import { anything, strangeNames, stranger } from "./strange.ts";

export interface Document {
  root: Json;
  /** What was done to it, in words. */
  readonly steps: Array<string>;
  /** Whether it still says what it said, as far as the contract goes. */
  harmless: boolean;
}

type Obj = Extract<Json, { _tag: "Object" }>;
type Arr = Extract<Json, { _tag: "Array" }>;

const placesIn = (document: Document): ReadonlyArray<Place> =>
  places({ get: document.root, set: (json) => void (document.root = json) });

const objectsIn = (document: Document): ReadonlyArray<Obj> =>
  placesIn(document)
    .map(({ get }) => get)
    .filter((json) => json._tag === "Object");

const insert = (object: Obj, dice: Dice, field: [Json, Json]): void =>
  void object.fields.splice(dice.int(object.fields.length + 1), 0, field);

/** To be told. */
export const short = (said: Json | string): string => {
  const text = typeof said === "string" ? said : write(said);
  return text.length <= 40 ? text : `${text.slice(0, 40)}… (${text.length} characters)`;
};

type Mutation = (document: Document, dice: Dice, secret: string) => string | undefined;

/** With a field of an object, any of them, if there is one. */
const onField =
  (change: (object: Obj, index: number, dice: Dice, secret: string) => string): Mutation =>
  (document, dice, secret) => {
    const objects = objectsIn(document).filter(({ fields }) => fields.length > 0);
    if (objects.length === 0) return undefined;
    const object = dice.pick(objects);
    return change(object, dice.int(object.fields.length), dice, secret);
  };

const replace: Mutation = (document, dice, secret) => {
  const place = dice.pick(placesIn(document));
  const to = anything(dice, secret);
  place.set(to);
  return `${short(place.get)} became ${short(to)}`;
};

const drop = onField((object, i) => {
  const [[name]] = object.fields.splice(i, 1) as [[Json, Json]];
  return `${short(name)} was dropped`;
});

const rename = onField((object, i, dice) => {
  const field = object.fields[i]!;
  const [name] = field;
  const to = dice.chance(0.5)
    ? dice.pick(strangeNames)
    : raw(write(name).replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()));
  field[0] = to;
  return `${short(name)} was renamed to ${short(to)}`;
});

const contradict = onField((object, i, dice, secret) => {
  const [name] = object.fields[i]!;
  const value = anything(dice, secret);
  insert(object, dice, [name, value]);
  return `${short(name)} came twice, once as ${short(value)}`;
});

const wrap: Mutation = (document, dice) => {
  const place = dice.pick(placesIn(document));
  const wrapped: Json = dice.chance(0.5)
    ? { _tag: "Array", items: [place.get] }
    : { _tag: "Object", fields: [[dice.pick(strangeNames), place.get]] };
  place.set(wrapped);
  return `${short(place.get)} was wrapped`;
};

const swap: Mutation = (document, dice) => {
  const all = placesIn(document).filter(({ get }) => get._tag === "Raw");
  if (all.length < 2) return undefined;
  const [a, b] = [dice.pick(all), dice.pick(all)];
  const [one, other] = [a.get, b.get];
  a.set(other);
  b.set(one);
  return `${short(one)} and ${short(other)} changed places`;
};

/** Only of lists: their length is nobody's business. */
const multiply: Mutation = (document, dice) => {
  const lists = placesIn(document)
    .map(({ get }) => get)
    .filter((json): json is Arr => json._tag === "Array" && json.items.length > 0);
  if (lists.length === 0) return undefined;
  const list = dice.pick(lists);
  const copies = dice.pick([0, 2, 3, ...(dice.chance(0.03) ? [200] : [])]);
  list.items = Array.from({ length: copies }, () => list.items).flat();
  return `a list of ${list.items.length} items`;
};

const destructive = [replace, replace, replace, drop, rename, contradict, wrap, swap];

/** Too large to be a number, or too deep to be read: inside of the user's own JSON, not just anything will do. */
const isSafe = (json: Json): boolean => !/e400|\d{300}|\[{100}|(\{"a":){100}/.test(write(json));

const addUnknown: Mutation = (document, dice, secret) => {
  const objects = objectsIn(document);
  const value = stranger(dice, secret);
  const [whole] = objects;
  if (whole === undefined) return undefined;
  const object = isSafe(value) && dice.chance(0.5) ? dice.pick(objects) : whole;
  const name = dice.pick(strangeNames);
  insert(object, dice, [name, value]);
  return `${short(name)}: ${short(value)} was added`;
};

const shuffle = onField((object, i) => {
  object.fields.push(...object.fields.splice(0, i));
  return "fields in another order";
});

const sayTwice = onField((object, i, dice) => {
  const [name, value] = object.fields[i]!;
  insert(object, dice, [name, value]);
  return `${short(name)} came twice`;
});

const escape: Mutation = (document, dice) => {
  const texts = placesIn(document).filter(
    ({ get }) => get._tag === "Raw" && get.text.startsWith('"'),
  );
  if (texts.length === 0) return undefined;
  const place = dice.pick(texts);
  const text: string = JSON.parse(write(place.get));
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  const escaped = units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  place.set(raw(`"${escaped}"`));
  return `${short(quoted(text))} was escaped`;
};

const harmless = [addUnknown, addUnknown, shuffle, sayTwice, escape, multiply];

/** None to four steps; once the document is broken, it is broken further. */
export const mutate = (document: Document, dice: Dice, secret: string): void => {
  const gentle = dice.chance(0.35);
  for (let n = dice.int(5); n > 0; n--) {
    const violent = !document.harmless || (!gentle && dice.chance(0.6));
    const step = dice.pick(violent ? destructive : harmless)(document, dice, secret);
    if (step === undefined) continue;
    document.steps.push(step);
    if (violent) document.harmless = false;
  }
};
