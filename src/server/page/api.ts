/** What the page asks the server. */
import type {
  getAnnotations,
  getCatalog,
  getExperiments,
  getRevisions,
} from "../../internal/wire/v2/experiments.ts";
import type { Level } from "../../internal/wire/v2/folders.ts";
import type { ViewAnswer, ViewQuery } from "../../internal/wire/view.ts";

type Answer<O extends { readonly success: { readonly Encoded: unknown } }> =
  O["success"]["Encoded"];

export type Tree = Level;
export type ExperimentRecord = Answer<typeof getExperiments>["experiments"][number];
export type Revision = Answer<typeof getRevisions>["revisions"][number];
export type CatalogEntry = Answer<typeof getCatalog>["series"][number];
export type AnnotationRecord = Answer<typeof getAnnotations>["annotations"][number];

/** The server said no, and why; without a status it said nothing. */
export class Refused extends Error {
  readonly status: number | undefined;
  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

const messageOf = (body: unknown, status: number): string => {
  const said = body as { readonly error?: { readonly message?: unknown } } | null;
  return typeof said?.error?.message === "string" ? said.error.message : `HTTP ${status}`;
};

/** As many ids as one event takes. */
const maxIds = 1000;
/** And as many queries as a request for series. */
const maxQueries = 1000;

const parts = <A>(all: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
    all.slice(i * size, (i + 1) * size),
  );

/** Addresses are relative to the page, which may lie below a path of another server. */
export const makeApi = (key: string, signal: AbortSignal) => {
  const send = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    let response: Response;
    try {
      response = await fetch(new URL(path, document.baseURI), {
        ...init,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        signal,
        cache: "no-store",
      });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Refused("The server does not answer.");
    }
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok) throw new Refused(messageOf(body, response.status), response.status);
    return body;
  };
  const post = (path: string, body: unknown) =>
    send(path, { method: "POST", body: JSON.stringify(body) });

  /** Events of one kind, a thousand a request; a reply that is an error is left out. */
  const ask = async <A>(
    event: string,
    asked: ReadonlyArray<object>,
  ): Promise<ReadonlyArray<A | undefined>> => {
    const replies: Array<A | undefined> = [];
    for (const part of parts(asked, maxIds)) {
      const envelopes = part.map((data, i) => ({ messageId: String(i), event, data }));
      const answers = (await post("api/v2/events", envelopes)) as ReadonlyArray<{
        event: string;
        data: A;
      }>;
      for (const answer of answers) {
        replies.push(answer.event === "syvain.v2.error" ? undefined : answer.data);
      }
    }
    return replies;
  };
  const one = async <A>(event: string, data: object): Promise<A> => {
    const [reply] = await ask<A>(event, [data]);
    if (reply === undefined) throw new Refused(`The server has no answer to ${event}.`);
    return reply;
  };

  return {
    check: () => send("api/v2/auth/status"),
    tree: () => one<Tree>("syvain.v2.foldertree.read", {}),
    experiments: async (ids: ReadonlyArray<string>) => {
      const replies = await ask<Answer<typeof getExperiments>>(
        "syvain.v2.query.experiments",
        parts(ids, maxIds).map((experimentIds) => ({ experimentIds })),
      );
      return replies.flatMap((reply) => reply?.experiments ?? []);
    },
    revisions: async (ids: ReadonlyArray<string>) => {
      const replies = await ask<Answer<typeof getRevisions>>(
        "syvain.v2.query.revisions",
        parts(ids, maxIds).map((experimentIds) => ({ experimentIds })),
      );
      return replies.flatMap((reply) => reply?.revisions ?? []);
    },
    /** In the order asked. */
    catalogs: async (ids: ReadonlyArray<string>) => {
      const replies = await ask<Answer<typeof getCatalog>>(
        "syvain.v2.query.catalog",
        ids.map((experimentId) => ({ experimentId })),
      );
      return replies.map((reply) => reply?.series ?? []);
    },
    annotations: async (ids: ReadonlyArray<string>) => {
      const replies = await ask<Answer<typeof getAnnotations>>(
        "syvain.v2.query.annotations",
        ids.map((experimentId) => ({ experimentId })),
      );
      return replies.map((reply) => reply?.annotations ?? []);
    },
    /** In the order asked. */
    series: async ({ queries, ...rest }: ViewQuery): Promise<ViewAnswer> => {
      const experiments: Array<ViewAnswer["experiments"][number]> = [];
      for (const part of parts(queries, maxQueries)) {
        const answer = (await post("api/view/series", { queries: part, ...rest })) as ViewAnswer;
        experiments.push(...answer.experiments);
      }
      return { experiments };
    },
  };
};

export type Api = ReturnType<typeof makeApi>;
