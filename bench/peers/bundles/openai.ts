import OpenAI from "openai";

const client = new OpenAI({ apiKey: "key", baseURL: "https://metrics.syvain.com/api/v1" });
void client.models.retrieve("a").then(console.log);
