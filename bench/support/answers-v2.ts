/** What the service answers to the events of API v2, as far as a recorder sends them. */

const opened = JSON.stringify({
  experimentId: "e",
  experimentToken: "et_1",
  expiresAtMs: Date.now() + 7 * 24 * 60 * 60 * 1000,
});

const experiment = JSON.stringify({
  experiment: {
    experimentId: "e",
    slug: "bench",
    description: "",
    meta: {},
    status: "created",
    error: null,
    createdAtMs: 0,
    updatedAtMs: 0,
    startedAtMs: null,
    doneAtMs: null,
    lastEventAtMs: null,
  },
});

/** The answer to each event: its own, and the data in it. */
const answered: { readonly [event: string]: readonly [event: string, data: string] } = {
  "experiment.open": ["experiment.opened", opened],
  "experiment.start": ["experiment.started", "{}"],
  "experiment.metric": ["experiment.metricRecorded", "{}"],
  "experiment.annotate": ["experiment.annotated", '{"annotationId":"a"}'],
  "experiment.done": ["experiment.done", "{}"],
  "experiment.tokenRevoke": ["experiment.tokenRevoked", "{}"],
  "query.experiment": ["query.experiment.result", experiment],
};

const prefix = "syvain.v2.";
const metric = `${prefix}experiment.metric`;

/** The strings in such a field. Nothing else in a body has such a name. */
const stringsIn = (body: string, field: RegExp): ReadonlyArray<string> =>
  Array.from(body.matchAll(field), ([, text = ""]) => text);

/** It looks for what it needs and parses nothing, so that it takes little of the time that the client would have. */
export const answersTo = (body: string): { readonly json: string; readonly metrics: number } => {
  const events = stringsIn(body, /"event": ?"([^"]*)"/g);
  const answers = stringsIn(body, /"messageId": ?"([^"]*)"/g).map((id, i) => {
    const [event, data] = answered[(events[i] ?? "").slice(prefix.length)] ?? ["none", "{}"];
    return `{"correlationId":"${id}","event":"${prefix}${event}","data":${data}}`;
  });
  return {
    json: `[${answers.join()}]`,
    metrics: events.filter((event) => event === metric).length,
  };
};

export const authStatus = JSON.stringify({
  data: { auth: { kind: "api_key" }, organization: { id: "org_1", name: null } },
  error: null,
});
