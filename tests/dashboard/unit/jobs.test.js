import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.location = { search: "" };
globalThis.document = { addEventListener() {}, visibilityState: "visible" };
const { isWhole, nextOf, queryOf } = await import("../../../service/dashboard/jobs/list_query.js");
const { LiveRows, lossOf, movedOn, withPoint } = await import("../../../service/dashboard/jobs/live_rows.js");

const row = (id, epoch, more = {}) => ({
  id, status: "running", attempt: 1, progress: { epoch, epochs: 100 }, curve: [[0, 1]], best: null,
  latest: { epoch, training_loss: 1 / (epoch + 1), validation_loss: null }, ...more,
});
const record = (epoch, loss) => ({ epoch, training_loss: loss, validation_loss: null, metrics: {}, sha256: "…" });

test("the list is asked for what the address names, and for the chosen epoch only where there is one", () => {
  const query = queryOf({ search: "xor", status: "running", after: "~x" });
  assert.deepEqual([query.search, query.status, query.after, query.at_epoch], ["xor", "running", "~x", null]);
  assert.ok(!String(query.fields).includes("at_epoch"));
  assert.equal(queryOf({ at_epoch: "10" }).at_epoch, 10);
  assert.ok(String(queryOf({ at_epoch: "0" }).fields).includes("at_epoch.training_loss"));
  assert.equal(queryOf({ at_epoch: "-1" }).at_epoch, null);
  assert.equal(queryOf({ status: "unknown" }).status, null);
  assert.ok(isWhole({ at_epoch: "3" }) && !isWhole({ search: "a" }) && !isWhole({ after: "~x" }));
});

test("the next page begins where the Link says", () => {
  assert.equal(nextOf('</v1/jobs?limit=1&after=~am9iIDI%3D>; rel="next"'), "~am9iIDI=");
  assert.equal(nextOf(null), null);
});

test("a validation loss comes before a training loss", () => {
  assert.equal(lossOf({ epoch: 1, training_loss: 2, validation_loss: 3 }), 3);
  assert.equal(lossOf({ epoch: 1, training_loss: 2, validation_loss: null }), 2);
});

test("events move rows on, and rows without events stay the same objects", () => {
  const live = new LiveRows();
  live.take([row("a", 1), row("b", 1)]);
  const [a, b] = live.rows;
  assert.equal(live.apply(), false);
  assert.equal(live.add("other", record(5, 0.5)), false);
  live.add("a", record(5, 0.5));
  live.add("a", record(6, 0.25));
  assert.equal(live.apply(), true);
  assert.notEqual(live.rows[0], a);
  assert.equal(live.rows[1], b);
  assert.equal(live.rows[0].progress.epoch, 6);
  assert.deepEqual(live.rows[0].latest, { epoch: 6, training_loss: 0.25, validation_loss: null });
  assert.deepEqual(live.rows[0].curve, [[0, 1], [6, 0.25]]);
});

test("an older answer does not take a row back, the next attempt and the end do", () => {
  const live = new LiveRows();
  live.take([row("a", 1)]);
  live.add("a", record(9, 0.1));
  live.apply();
  const moved = live.rows[0];
  live.take([row("a", 7)]);
  assert.equal(live.rows[0], moved);
  live.take([row("a", 0, { attempt: 2 })]);
  assert.equal(live.rows[0].progress.epoch, 0);
  live.take([row("a", 8, { status: "cancelled" })]);
  assert.equal(live.rows[0].progress.epoch, 8);
});

test("a loss that is not finite is null in the row, never 0", () => {
  assert.equal(movedOn(row("a", 1), record(2, null)).latest.training_loss, null);
  assert.deepEqual(movedOn(row("a", 1), record(2, null)).curve, [[0, 1], [2, null]]);
});

test("a curve keeps its first and its newest point and stays short", () => {
  let curve = [[0, 1]];
  for (let epoch = 1; epoch <= 5000; epoch += 7) {
    curve = withPoint(curve, [epoch, 1 / epoch], 24);
    assert.ok(curve.length <= 24);
    assert.deepEqual(curve[0], [0, 1]);
    assert.equal(curve[curve.length - 1][0], epoch);
  }
  assert.ok(curve.length >= 10);
  assert.deepEqual(curve.map(([epoch]) => epoch), curve.map(([epoch]) => epoch).toSorted((a, b) => a - b));
});
