import Stripe from "stripe";

const client = new Stripe("key", { host: "metrics.syvain.com" });
void client.customers.retrieve("a").then(console.log);
