import ky from "ky";

const client = ky.create({ headers: { authorization: "Bearer key" }, retry: 4, timeout: 10_000 });
void client
  .post("https://metrics.syvain.com/api/v1/experiments", { json: { slug: "a" } })
  .json()
  .then(console.log);
