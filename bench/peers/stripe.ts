import Stripe from "stripe";
import { contend, host, repeat } from "../support/contender.ts";
import { id, input } from "../support/experiment.ts";

const { hostname, port } = new URL(host);
const client = new Stripe("key", { host: hostname, port, protocol: "http", telemetry: false });

// Of the paths, those below /v2 take JSON.
contend({
  get: repeat(() => client.rawRequest("GET", `/v2/experiments/${id}`)),
  post: repeat(() => client.rawRequest("POST", "/v2/experiments", input)),
});
