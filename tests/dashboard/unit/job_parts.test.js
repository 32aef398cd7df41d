import assert from "node:assert/strict";
import { test } from "node:test";

const from = (/** @type {string} */ name) => import(`../../../service/dashboard/${name}.js`);
const { momentsOf } = await from("job/attempts_of");
const { accuracyOf, rowSums } = await from("job/confusion_sums");
const { commonBins, rebinned, spreadEpochs } = await from("job/histogram_bins");
const { drawnLayers, layerSeries, layersNotFiniteAt, MOST_DRAWN } = await from("job/layer_series");
const { groupsOf, rowsOf } = await from("job/setting_rows");
const { eventsIn } = await from("api/event_text");

test("a job's events become sentences", () => {
  const event = (/** @type {number} */ id, /** @type {any} */ data) => ({ id, type: "status", created_at: "2026-01-01T00:00:00Z", data: { requested: null, ...data } });
  const moments = momentsOf([
    event(1, { status: "queued", attempt: 0 }),
    event(2, { status: "running", attempt: 1 }),
    event(3, { status: "queued", attempt: 1 }),
    event(4, { status: "running", attempt: 2 }),
    event(5, { status: "running", attempt: 2, requested: "pause" }),
    event(6, { status: "paused", attempt: 2 }),
    event(7, { status: "queued", attempt: 2 }),
    event(8, { status: "succeeded", attempt: 3 }),
  ]);
  assert.deepEqual(moments.map((/** @type {any} */ each) => each.title), [
    "Queued", "Attempt 1: a worker took the job", "Back in the queue", "Attempt 2: a worker took the job", "Pause requested", "Paused", "Resumed", "Succeeded",
  ]);
});

test("sums of a confusion matrix", () => {
  assert.deepEqual(rowSums([[9, 1], [2, 8]]), [10, 10]);
  assert.equal(accuracyOf([[9, 1], [2, 8]]), 0.85);
  assert.equal(accuracyOf([[0, 0], [0, 0]]), null);
});

test("histograms with different bins are counted in common ones, and nothing is lost", () => {
  const fine = { edges: [-0.5, 0, 0.5], counts: [3, 4] };
  const coarse = { edges: [0, 1, 2], counts: [5, 6] };
  const common = commonBins([fine, coarse, { edges: [], counts: [] }]);
  assert.deepEqual(common, { width: 1, first: -1, bins: 3 });
  assert.deepEqual(rebinned(fine, common), [3, 4, 0]);
  assert.deepEqual(rebinned(coarse, common), [0, 5, 6]);
  assert.equal(commonBins([]), null);
  assert.deepEqual(spreadEpochs(300, 4), [0, 100, 200, 300]);
  assert.deepEqual(spreadEpochs(1, 4), [0, 1]);
});

test("a measure has a series for each layer that has it", () => {
  const records = [{ epoch: 1, layers: [{ dead: null, delta: 1 }, { dead: 0.5, delta: null }], nonfinite: ["layers/1/delta"] }];
  const layers = [{ type: "flatten" }, { type: "dense" }];
  assert.deepEqual(layerSeries(records, "dead", layers).map((/** @type {any} */ each) => each.label), ["layer 1 (dense)"]);
  assert.deepEqual(layersNotFiniteAt(records, "delta"), [1]);
  assert.deepEqual(layersNotFiniteAt(records, "weights"), []);
});

test("settings as rows", () => {
  assert.deepEqual(rowsOf({ optimizer: { type: "sgd", nesterov: false }, metrics: [], rows: null }), [
    { name: "optimizer.type", value: "sgd" }, { name: "optimizer.nesterov", value: "no" }, { name: "metrics", value: "none" }, { name: "rows", value: "none" },
  ]);
  const job = {
    training: { optimizer: { type: "sgd" }, epochs: 3, preprocessing: { numbers: "standardize", fitted: { inputs: [] } } },
    dataset: "xor", dataset_version: 1, columns: null, targets: { kind: "values", classes: null, because: null }, model: { name: "m" }, metadata: {},
  };
  const names = groupsOf(job).flatMap((/** @type {any} */ group) => group.rows.map((/** @type {any} */ row) => row.name));
  assert.ok(names.includes("preprocessing.numbers") && names.includes("epochs") && !names.some((/** @type {string} */ name) => name.includes("fitted")));
});

test("server-sent events may arrive in parts", () => {
  const text = ": comment\n\nid: 1\nevent: epoch\ndata: {\"a\": 1}\n\nid: 2\nevent: en";
  assert.deepEqual(eventsIn(text), { events: [{ type: "epoch", data: '{"a": 1}' }], left: "id: 2\nevent: en" });
});

test("of many layers some are drawn, from the first one to the last", () => {
  assert.deepEqual(drawnLayers(3), [0, 1, 2]);
  for (const total of [MOST_DRAWN + 1, 100, 1000]) {
    const drawn = drawnLayers(total);
    assert.deepEqual([drawn.length, new Set(drawn).size, drawn[0], drawn[drawn.length - 1]], [MOST_DRAWN, MOST_DRAWN, 0, total - 1]);
  }
});
