/** What listens on the port, and how long it waits for a client. */
import { createServer, type Server } from "node:http";

/** How long a client may take to send a request, and how long it may stand still, in milliseconds. */
export const patience = 60_000;

/** Whoever takes longer than `most` milliseconds is cut off. */
export const makeListener = (most: number): Server => {
  const listener = createServer({
    requestTimeout: most,
    headersTimeout: most,
    // By itself Node looks only every half minute whose time is up.
    connectionsCheckingInterval: Math.ceil(most / 12),
  });
  listener.setTimeout(most);
  return listener;
};
