import assert from "node:assert/strict";
import { test } from "node:test";

const shape = await import("../../../service/dashboard/datasets/histogram_shape.js");
const values = await import("../../../service/dashboard/models/values.js");
const { settingsOf, sizesOf } = await import("../../../service/dashboard/models/card_facts.js");

test("a bar is as high as its bin's share of the highest, and an empty bin has none", () => {
  assert.deepEqual(shape.barsOf([1, 0, 4], 30, 40), [
    { x: 0, y: 30, width: 9, height: 10 },
    { x: 20, y: 0, width: 9, height: 40 },
  ]);
  assert.equal(shape.barsOf([1, 100000], 30, 40)[0].height, 1.5);
});

test("a histogram is described in a sentence", () => {
  const histogram = { edges: [0, 1, 2], categories: null, counts: [3, 9], other: 0, missing: 0, rows: 12 };
  assert.equal(shape.describedHistogram("age", histogram), "age: values from 0 to 2; most of them, 9, from 1 to 2");
});

test("categories are listed with their shares, and the rest is counted", () => {
  const histogram = { edges: null, categories: ["a", "b", "c"], counts: [5, 3, 1], other: 1, missing: 0, rows: 10 };
  const { listed, left, leftCount } = shape.listedCategories(histogram, 4, 2);
  assert.deepEqual(listed, [{ category: "a", count: 5, share: 0.5 }, { category: "b", count: 3, share: 0.3 }]);
  assert.deepEqual([left, leftCount], [2, 2]);
});

test("days since 1970 are dates", () => {
  assert.deepEqual([shape.dateOf(0), shape.dateOf(19723.5), shape.dateOf(null)], ["1970-01-01", "2024-01-01 12:00", "–"]);
});

test("fields begin with the example, and an empty one is a missing value", () => {
  const inputs = [{ name: "age", type: "number", missing: "mean" }, { name: "city", type: "category", missing: "zeros" }];
  const texts = values.textsOf(inputs, { instances: [{ age: 40.5, city: null }] });
  assert.deepEqual(texts, { age: "40.5", city: "" });
  assert.deepEqual(values.textsOf(inputs, { instances: [[1, "Bern"]] }), { age: "1", city: "Bern" });
  assert.deepEqual(values.bodyOf(inputs, texts), { instances: [{ age: 40.5, city: null }] });
  assert.equal(values.valueOf(inputs[0], "4o"), "4o"); // the service says that it is no number
});

test("an answer has its values and its outputs, the largest first", () => {
  const outputs = [{ name: "churn", type: "category" }];
  const parts = values.partsOf({ churn: "yes", probabilities: { no: 0.2, yes: 0.8 } }, outputs);
  assert.deepEqual(parts, { values: [["churn", "yes"]], kind: "probabilities", shares: [{ name: "yes", value: 0.8 }, { name: "no", value: 0.2 }] });
  const named = values.partsOf({ probabilities: "yes", class_probabilities: { no: 1 } }, [{ name: "probabilities", type: "category" }]);
  assert.deepEqual([named.values, named.kind], [[["probabilities", "yes"]], "probabilities"]);
});

test("settings of a card are lines, without what was not set", () => {
  const training = { loss: "quadratic", optimizer: { type: "sgd", learning_rate: 0.1 }, schedule: null, regularization: { max_norm: null }, batch_size: 32 };
  assert.deepEqual(settingsOf(training), [["loss", "quadratic"], ["optimizer", "sgd, learning rate 0.1"], ["batch size", "32"]]);
  assert.deepEqual([sizesOf({ units: 3 }), sizesOf({ output: [4, 5] })], ["3 units", "4 × 5"]);
});
