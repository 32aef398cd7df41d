import assert from "node:assert/strict";
import { test } from "node:test";

const { foundBy, inOrder, secondsAgo } = await import("../../../service/dashboard/operations/readiness.js");

test("a check says what it found, or what is wrong", () => {
  assert.equal(foundBy("workers", { ok: true, seconds: 0, places: 1 }), "1 job at once");
  assert.equal(foundBy("disk", { ok: true, seconds: 0, free_bytes: 1536 }), "1.5 KiB free");
  assert.equal(foundBy("queue", { ok: false, seconds: 0.75, detail: "no answer within 0.75 s" }), "no answer within 0.75 s");
});

test("checks have an order, and unknown ones come last", () => {
  assert.deepEqual(inOrder({ other: {}, disk: {}, database: {} }).map(([name]) => name), ["database", "disk", "other"]);
});

test("heartbeats are seconds ago, and never in the future", () => {
  const now = Date.parse("2026-01-01T00:01:00Z");
  assert.deepEqual([secondsAgo("2026-01-01T00:00:55Z", now), secondsAgo("2026-01-01T00:01:02Z", now), secondsAgo("2025-12-31T23:31:00Z", now)], ["5 s ago", "0 s ago", "30 min ago"]);
});
