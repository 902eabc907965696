/** The page at `/`, and the files that it names. */
import * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import type * as HttpPlatform from "effect/http/HttpPlatform";
import type { HttpServerError } from "effect/http/HttpServerError";
import * as HttpRouter from "effect/http/HttpRouter";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as HttpStaticServer from "effect/http/HttpStaticServer";
import * as Layer from "effect/Layer";
import type * as Path from "effect/Path";

/** Where the built page is, and what it needs to be read. */
export type Site = Layer.Layer<never, never, Routing>;

/** What is not there the whole server answers in its own words. */
type Routing = HttpRouter.HttpRouter | HttpRouter.Request<"Error", HttpServerError>;

/**
 * Nothing but its own script, stylesheet and icon is loaded, nothing but its own server asked; no markup is ever read
 * from a string, and nobody can put it into a page of theirs.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const guarded = (cacheControl: string) =>
  HttpServerResponse.setHeaders({
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": cacheControl,
  });

/** The name of a file tells what is in it: it never changes. */
const asset = guarded("public, max-age=31536000, immutable");
const document = guarded("no-cache");

export const layer = (
  root: string,
): Layer.Layer<
  never,
  never,
  Routing | FileSystem.FileSystem | Path.Path | HttpPlatform.HttpPlatform
> =>
  Layer.unwrap(
    Effect.map(Effect.orDie(HttpStaticServer.make({ root })), (files) =>
      Layer.mergeAll(
        HttpRouter.add("GET", "/", Effect.map(files, document)),
        HttpRouter.add("GET", "/assets/*", Effect.map(files, asset)),
      ),
    ),
  );

/** Where there is no page, why that is so. */
export const layerNotBuilt: Site = HttpRouter.add(
  "GET",
  "/",
  HttpServerResponse.text(
    "The page is not built: `npm run build` makes it, and the next start of this server shows it here.\n",
    { status: 404 },
  ),
);
