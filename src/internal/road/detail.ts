import * as Predicate from "effect/Predicate";

const field = (value: unknown, name: string): unknown =>
  Predicate.isObject(value) ? (value as Record<string, unknown>)[name] : undefined;

/** One of a list of complaints, `{ loc: ["body", "slug"], msg }` as FastAPI writes them, or `{ path, message }`. */
const complaint = (value: unknown): string | undefined => {
  if (typeof value === "string") return value;
  const text = field(value, "msg") ?? field(value, "message");
  const place = field(value, "loc") ?? field(value, "path");
  if (typeof text !== "string") return undefined;
  return Array.isArray(place) && place.length > 0 ? `${place.join(".")}: ${text}` : text;
};

const words = (value: unknown): string | undefined => {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (!Array.isArray(value)) return undefined;
  const all = value.map(complaint).filter((text) => text !== undefined);
  return all.length === 0 ? undefined : all.join("; ");
};

const ofJson = (json: unknown): string | undefined => {
  const error = field(json, "error");
  return (
    words(field(json, "detail")) ??
    words(field(error, "message")) ??
    words(error) ??
    words(field(json, "message")) ??
    // problem+json without a detail (RFC 9457)
    words(field(json, "title")) ??
    words(field(error, "code")) ??
    words(json)
  );
};

const ofText = (text: string): string | undefined => {
  if (!/^\s*</.test(text)) return words(text);
  return words(/<title[^<>]*>([^<]*)/i.exec(text)?.[1]);
};

/** The service's own message, out of whatever shape of body it came in. Never fails. */
export const detailOf = (body: string): string | undefined => {
  let detail: string | undefined;
  try {
    detail = ofJson(JSON.parse(body));
  } catch {
    detail = ofText(body);
  }
  return detail?.trim();
};
