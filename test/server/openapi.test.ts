import { assert, it } from "@effect/vitest";
import * as OpenApi from "effect/http-api/OpenApi";
import { urlTemplate } from "../../src/internal/wire/operation.ts";
import * as contract from "../../src/internal/wire/v1/index.ts";
import { api } from "../../src/server/v1/api.ts";

const document = JSON.parse(JSON.stringify(OpenApi.fromApi(api)));
const operations = Object.values(contract);
const entryOf = (operation: (typeof operations)[number]) =>
  document.paths[urlTemplate(operation)][operation.method.toLowerCase()];

it("the document has exactly the operations of the contract, under their names", () => {
  const ids = Object.values<Record<string, { operationId: string }>>(document.paths).flatMap(
    (item) => Object.values(item).map(({ operationId }) => operationId),
  );
  assert.sameMembers(
    ids,
    operations.map(({ name }) => name),
  );
  assert.lengthOf(ids, 22);
  for (const operation of operations)
    assert.strictEqual(entryOf(operation).operationId, operation.name);
});

it("every operation takes a bearer, and those that are keyed may take an Idempotency-Key", () => {
  for (const operation of operations) {
    const { security, parameters } = entryOf(operation);
    assert.deepStrictEqual(security, [{ bearer: [] }]);
    const header = parameters.find(({ name }: { name: string }) => name === "idempotency-key");
    assert.strictEqual(header?.required, operation.repeat === "keyed" ? false : undefined);
  }
});

it("every answer is in the envelope, and the series can stream", () => {
  for (const operation of operations) {
    const { responses } = entryOf(operation);
    assert.include(Object.keys(responses), String(operation.status));
    for (const status of Object.keys(responses)) {
      const { properties } = responses[status].content["application/json"].schema;
      assert.deepStrictEqual(Object.keys(properties), ["data", "error"]);
      const none = Number(status) < 300 ? properties.error : properties.data;
      assert.strictEqual(none.type, "null");
    }
  }
  const { content } = entryOf(contract.querySeries).responses["200"];
  assert.hasAllKeys(content, ["application/json", contract.querySeries.stream]);
});
