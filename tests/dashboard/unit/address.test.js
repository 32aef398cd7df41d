import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.location = { search: "" };
const { addressOf, changed, stateOf } = await import("../../../service/dashboard/parts/address.js");

test("the state is what the query has of the known names", () => {
  assert.deepEqual(stateOf("?epoch=10&row=1&edge=0.3.2&other=1"), { epoch: "10", row: "1", edge: "0.3.2" });
  assert.deepEqual(stateOf("?epoch="), {});
});

test("changes add, replace and remove", () => {
  const state = { job: "job_1", epoch: "3" };
  assert.deepEqual(changed(state, { epoch: 0 }), { job: "job_1", epoch: "0" });
  assert.deepEqual(changed(state, { epoch: null, row: 2 }), { job: "job_1", row: "2" });
  assert.deepEqual(changed(state, { epoch: "" }), { job: "job_1" });
});

test("an address can be read back", () => {
  const state = { job: "job_1", search: "a b&c=<d>", series: "training_loss,validation_loss" };
  assert.deepEqual(stateOf(addressOf(state)), state);
  assert.equal(addressOf({}), "./");
});
