import assert from "node:assert/strict";
import { test } from "node:test";

const { newestOf, tokenIn } = await import("../../../service/dashboard/app/framed.js");

test("only a message with a short token of printable characters has one", () => {
  assert.equal(tokenIn({ token: "bp_share" }), "bp_share");
  for (const message of [null, 1, "bp_share", [], {}, new Map([["token", "bp_share"]]), { token: 1 }, { token: ["bp_share"] }, { token: "" }]) {
    assert.equal(tokenIn(message), null);
  }
  for (const token of ["a".repeat(201), "two words", "line\r\nX-Other: 1", "bp_\u202eshare", "bp_\u0000"]) assert.equal(tokenIn({ token }), null);
});

test("of a flood of tokens one is tried at a time, and the last one in the end", async () => {
  let [atOnce, most] = [0, 0];
  /** @type {string[]} */
  const tried = [];
  const { promise: isTried, resolve } = Promise.withResolvers();
  const take = newestOf(async (token) => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    tried.push(token);
    await new Promise((answered) => setImmediate(answered));
    atOnce -= 1;
    if (token === "last") resolve(null);
  });
  for (let number = 0; number < 10_000; number += 1) take(`token-${number}`);
  take("last");
  await isTried;
  assert.deepEqual([most, tried], [1, ["token-0", "last"]]);
});
