import assert from "node:assert/strict";
import { test } from "node:test";

const { ago, duration, number, percent, shortened, size } = await import("../../../service/dashboard/parts/format.js");

test("numbers are short and honest", () => {
  assert.equal(number(0.251347), "0.2513");
  assert.equal(number(12340), "12,340");
  assert.equal(number(0), "0");
  assert.equal(number(-1.23456e-7), "-1.23e-7");
  assert.deepEqual([6.912e-5, 1e-6, 0.00012345].map((small) => number(small)), ["0.0000691", "0.000001", "0.0001235"]);
  assert.equal(number(6.9124e-5, 3), "0.000069");
  assert.equal(number(123.456), "123.5");
  assert.equal(number(null), "–");
  assert.equal(number(Number.POSITIVE_INFINITY), "Infinity");
});

test("a name has signs for what cannot be seen, and for marks that turn around what follows", () => {
  assert.equal(shortened("invoice\u202efdp.exe\u2069"), "invoice\ufffdfdp.exe\ufffd");
  assert.equal(shortened("one\r\ntwo\tthree\u2028four\u0000"), "one↵two⇥three↵four\ufffd");
  assert.equal(shortened("\u200fعربي 🏳️‍🌈 é"), "\u200fعربي 🏳️‍🌈 é");
});

test("durations, sizes, shares and moments", () => {
  assert.equal(duration(0.4), "0.4 s");
  assert.equal(duration(200), "3 min 20 s");
  assert.equal(duration(7500), "2 h 5 min");
  assert.equal(size(1536), "1.5 KiB");
  assert.equal(size(0), "0 B");
  assert.equal(percent(0.9667), "96.7 %");
  assert.equal(ago("2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:03:30Z")), "3 minutes ago");
});

test("long names are cut between characters", () => {
  assert.equal(shortened("a".repeat(50), 10), "aaaaaaaaa…");
  assert.equal(shortened("😀😀😀", 2), "😀…");
});
