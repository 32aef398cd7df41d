import assert from "node:assert/strict";
import { test } from "node:test";

const { aligned, lineStyle, pointsOf } = await import("../../../service/dashboard/compare/curves.js");
const { differing, settingText } = await import("../../../service/dashboard/compare/settings.js");

const job = (rate, units, metrics = ["accuracy"]) => ({
  dataset: "xor", dataset_version: 1, columns: null, priority: 0,
  network: { name: null, inputs: 2, layers: [{ type: "dense", units, activation: "tanh" }] },
  training: { loss: "quadratic", optimizer: { type: "sgd", learning_rate: rate }, metrics },
});

test("only settings that differ are named", () => {
  assert.deepEqual(differing([job(0.1, 3), job(0.1, 3)]), []);
  assert.deepEqual(differing([job(0.1, 3), job(0.5, 4)]).map(({ name, values }) => [name, ...values]), [
    ["layer 1 units", 3, 4],
    ["optimizer learning_rate", 0.1, 0.5],
  ]);
});

test("a setting that one job lacks differs, and a list is one setting", () => {
  const other = job(0.1, 3, ["accuracy", "f1"]);
  other.training.optimizer.momentum = 0.9;
  assert.deepEqual(differing([job(0.1, 3), other]).map(({ name, values }) => [name, ...values.map(settingText)]), [
    ["metrics", "accuracy", "accuracy, f1"],
    ["optimizer momentum", "–", "0.9"],
  ].toSorted((a, b) => (a[0] < b[0] ? -1 : 1)));
});

test("curves share an axis: what a job does not have is undefined, what is not finite is null", () => {
  assert.deepEqual(aligned([[[0, 1], [2, 0.5]], [[0, 2], [1, null]]]), { x: [0, 1, 2], columns: [[1, undefined, 0.5], [2, null, undefined]] });
});

test("seconds are summed up over epochs that were left out", () => {
  const record = (epoch, seconds, validation_loss = null) => ({ epoch, seconds, training_loss: 1, validation_loss });
  assert.deepEqual(pointsOf([record(0, 9), record(1, 2), record(5, 4)], true), [[0, 1], [2, 1], [14, 1]]);
  assert.deepEqual(pointsOf([record(0, 9), record(1, 2, 0.5)], false), [[0, null], [1, 0.5]]);
});

test("ten lines can be told apart, neighbours by their dash alone", () => {
  const styles = Array.from({ length: 10 }, (_, index) => JSON.stringify(lineStyle(index)));
  assert.equal(new Set(styles).size, 10);
  for (let index = 1; index < 10; index += 1) assert.notDeepEqual(lineStyle(index).dash, lineStyle(index - 1).dash);
});

test("what preprocessing was fitted to is no setting", () => {
  const jobs = [1, 2].map((mean) => ({ training: { epochs: 3, preprocessing: { numbers: "standardize", fitted: { inputs: [{ offset: mean }] } } } }));
  assert.deepEqual(differing(jobs), []);
});
