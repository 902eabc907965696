import { assert, it } from "@effect/vitest";
import * as OpenApi from "effect/http-api/OpenApi";
import * as contract from "../src/internal/contract/index.ts";
import { urlTemplate } from "../src/internal/contract/operation.ts";
import { api } from "../src/testing/internal/api.ts";

const document = JSON.parse(JSON.stringify(OpenApi.fromApi(api)));

const endpoints = Object.entries<Record<string, never>>(document.paths).flatMap(([path, item]) =>
  Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
);

it("the document has exactly the operations of the contract", () => {
  assert.sameMembers(
    endpoints,
    Object.values(contract).map((operation) => `${operation.method} ${urlTemplate(operation)}`),
  );
  assert.lengthOf(endpoints, 19);
});

it("every operation takes a bearer", () => {
  for (const item of Object.values<Record<string, { security: unknown }>>(document.paths)) {
    for (const { security } of Object.values(item)) {
      assert.deepStrictEqual(security, [{ bearer: [] }]);
    }
  }
});

it("every POST and PATCH needs an Idempotency-Key", () => {
  for (const [path, item] of Object.entries<
    Record<string, { parameters: Array<{ name: string; required: boolean }> }>
  >(document.paths)) {
    for (const [method, { parameters }] of Object.entries(item)) {
      const header = parameters.find(({ name }) => name === "idempotency-key");
      assert.strictEqual(header?.required === true, ["post", "patch"].includes(method), path);
    }
  }
});

it("every name is snake_case", () => {
  const names = [...JSON.stringify(document.paths).matchAll(/"name":"([^"]+)"/g)].map((m) => m[1]!);
  const properties = [
    ...JSON.stringify(document).matchAll(/"properties":(\{(?:[^{}]|\{[^{}]*\})*\})/g),
  ].flatMap(([, text]) => [...text!.matchAll(/"([A-Za-z_]+)":\{/g)].map((m) => m[1]!));
  assert.isAbove(properties.length, 30);
  for (const name of [...names, ...properties]) {
    assert.match(name, /^[a-z]+([_-][a-z]+)*$/);
  }
});

it("it says that the contract is a reading", () => {
  assert.match(document.info.description, /as this library reads it/);
});
