import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.location = { search: "" };
globalThis.document = { addEventListener() {}, visibilityState: "visible" };
const { faultsAt, pretty, typed, valueAt, withValue } = await import("../../../service/dashboard/new_job/body.js");
const { sentencesOf } = await import("../../../service/dashboard/new_job/estimate.js");
const { isShownAt } = await import("../../../service/dashboard/new_job/job_fields.js");
const { readText } = await import("../../../service/dashboard/new_job/new_job.js");
const { PRESETS, presetOf, spirals } = await import("../../../service/dashboard/new_job/presets.js");

const BODY = { network: { layers: [{ type: "dense", units: 3 }, { type: "dense", units: 1 }] }, training: { epochs: 5 } };

test("values are read and replaced by pointers, and the body given stays as it was", () => {
  assert.equal(valueAt(BODY, "#/network/layers/1/units"), 1);
  assert.equal(valueAt(BODY, "#/training/optimizer/type"), undefined);
  assert.deepEqual(withValue(BODY, "#/training/optimizer/type", "adam").training, { epochs: 5, optimizer: { type: "adam" } });
  assert.deepEqual(withValue(BODY, "#/network/layers/0/units", 9).network.layers[0], { type: "dense", units: 9 });
  assert.deepEqual(withValue(BODY, "#/network/layers/0", undefined).network.layers, [{ type: "dense", units: 1 }]);
  assert.deepEqual(withValue(BODY, "#/training/epochs", undefined).training, {});
  assert.deepEqual(Object.keys(withValue(BODY, "#/network", {})), ["network", "training"]);
  assert.equal(BODY.network.layers[0].units, 3);
});

test("what is typed is a number where it is one", () => {
  assert.deepEqual(["0.5", " 12 ", "full", "", "1e-3", "1,5"].map(typed), [0.5, 12, "full", undefined, 0.001, "1,5"]);
});

test("JSON for people is the same value, with short lines", () => {
  for (const preset of PRESETS) {
    const text = pretty(preset.body());
    assert.deepEqual(JSON.parse(text), preset.body());
    if (preset.id !== "digits") assert.ok(text.split("\n").every((line) => line.length <= 120), text);
  }
  assert.equal(pretty({ a: [1, 2], b: "x,y:z" }), '{"a": [1, 2], "b": "x,y:z"}');
});

test("text that is no JSON leaves the fields as they were", () => {
  assert.equal(readText("{", BODY).body, BODY);
  assert.ok(readText("{", BODY).wrong);
  assert.ok(readText("[1]", BODY).wrong);
  assert.deepEqual(readText('{"a": 1}', BODY), { body: { a: 1 }, text: '{"a": 1}', wrong: null });
});

test("faults stand at their fields, and those without one are known", () => {
  const faults = [
    { pointer: "#/training/epochs", detail: "1" },
    { pointer: "#/training/epochs_more", detail: "2" },
    { pointer: "#/network/layers/0/units", detail: "3" },
  ];
  assert.deepEqual(faultsAt(faults, "#/training/epochs").map(({ detail }) => detail), ["1"]);
  assert.deepEqual(faultsAt(faults, "#/network/layers/0").map(({ detail }) => detail), ["3"]);
  assert.ok(isShownAt(BODY, "#/training/optimizer/learning_rate") && isShownAt(BODY, "#/network/layers/0/units"));
  assert.ok(!isShownAt(BODY, "#/training/validation/fraction") && !isShownAt(BODY, "#/network/layers/0/initializer"));
  assert.ok(!isShownAt({ network: "name" }, "#/network/layers/0/units"));
});

test("presets are deterministic, and their rows are what they say", () => {
  assert.deepEqual(presetOf("xor").body().dataset.targets, [[0], [1], [1], [0]]);
  const symmetry = presetOf("symmetry").body().dataset;
  assert.equal(symmetry.targets.filter(([target]) => target === 1).length, 8);
  for (const [index, bits] of symmetry.inputs.entries()) {
    assert.equal(symmetry.targets[index][0], bits.join("") === bits.toReversed().join("") ? 1 : 0);
  }
  const { inputs, targets } = spirals();
  assert.equal(inputs.length, 194);
  assert.equal(new Set(inputs.map(String)).size, 194);
  assert.equal(targets.filter(([target]) => target === 1).length, 97);
  const digits = presetOf("digits").body().dataset;
  assert.ok(digits.inputs.every((row) => row.length === 64 && row.every((pixel) => pixel >= 0 && pixel <= 16)));
  assert.equal(new Set(digits.targets.flat()).size, 10);
  const { rows } = presetOf("iris").body().dataset;
  assert.deepEqual([rows.length, rows[0], rows[149]], [150, [5.1, 3.5, 1.4, 0.2, "setosa"], [5.9, 3.0, 5.1, 1.8, "virginica"]]);
});

test("an estimate is told in sentences", () => {
  const answer = {
    seconds: { expected: 10.1, low: 8.1, high: 12.6 }, epochs: 30, rows: { training: 48000, validation: 12000, test: 0 },
    parameters: 101770, bytes: { total: 13032977 }, queue: { starts_in_seconds: 4.2, reason: null }, may_end_sooner: [],
    basis: { source: "measured" },
  };
  assert.deepEqual(sentencesOf(answer), [
    "About 10 s (8 s to 13 s, from similar jobs) for 30 epochs of 48,000 rows, with 12,000 to validate.",
    "The network has 101,770 parameters; 12.4 MiB are stored.",
    "It would start in about 4 s.",
  ]);
  assert.ok(sentencesOf({ ...answer, queue: { starts_in_seconds: null, reason: "no worker is alive" } })[2].includes("no worker is alive"));
});
