import { PostHog } from "posthog-node";
import { contend, host } from "../support/contender.ts";
import { nextStep, tasksOf } from "../support/recording.ts";

// As many in a batch as the recorder has. It holds 10,000, and with room for 100,000, as the recorder has, it is slower still.
const client = new PostHog("key", {
  host,
  flushAt: 1000,
  flushInterval: 1000,
});
client.on("error", () => {});

contend(
  tasksOf(() => {
    const step = nextStep();
    client.capture({
      distinctId: "bench",
      event: "loss",
      properties: { value: 1 / step, step, split: "train" },
    });
  }),
);
