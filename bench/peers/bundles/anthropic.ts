import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ apiKey: "key", baseURL: "https://metrics.syvain.com/api/v1" });
void client.models.retrieve("a").then(console.log);
