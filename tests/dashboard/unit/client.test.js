import assert from "node:assert/strict";
import { test } from "node:test";

const { ApiError, jsonOf, urlOf } = await import("../../../service/dashboard/api/client.js");

test("a name that browsers take for a folder is the address of nothing", () => {
  for (const name of [".", "..", "%2e%2E", ".%2e", "../jobs", "../../readyz"]) {
    assert.throws(() => urlOf({ path: `v1/jobs/${name}` }), (error) => error instanceof ApiError && error.status === 404 && error.message.includes(name));
  }
});

test("other names with dots, and dots in the query, are names", () => {
  assert.equal(urlOf({ path: "v1/models/a..b" }), "v1/models/a..b");
  assert.equal(urlOf({ path: "v1/models/...", query: { search: ".." } }), "v1/models/...?search=..");
});

test("what a proxy answers in place of the service is told as such", () => {
  assert.deepEqual(jsonOf(200, '{"a": [1]}'), { a: [1] });
  assert.equal(jsonOf(204, ""), null);
  for (const [text, said] of [["<html>sign in</html>", "<html>sign in"], ["null", "begins with: null"], ["", "It is empty"]]) {
    assert.throws(() => jsonOf(200, text), (error) => error instanceof ApiError && error.message.includes(said));
  }
});
