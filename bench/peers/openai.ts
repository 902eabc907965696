import OpenAI from "openai";
import { contend, host, repeat } from "../support/contender.ts";
import { id, input } from "../support/experiment.ts";

const client = new OpenAI({ apiKey: "key", baseURL: `${host}/api/v1` });

contend({
  get: repeat(() => client.get(`/experiments/${id}`)),
  post: repeat(() => client.post("/experiments", { body: input })),
});
