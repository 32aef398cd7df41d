import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsOf, largest, layoutOf, strengthOf, widthOf } from "../../../service/dashboard/network/columns.js";
import { formulasByName, linesOf, readable } from "../../../service/dashboard/network/explanations.js";
import { answerSentence, chanceOf } from "../../../service/dashboard/network/answer.js";
import { lossEquation, lossFormula } from "../../../service/dashboard/network/losses.js";
import { brief } from "../../../service/dashboard/parts/labels.js";
import { gradientOf, numbersOf, parametersOf } from "../../../service/dashboard/network/numbers.js";
import { moved, shownAt, stepsOf, travels } from "../../../service/dashboard/network/steps.js";

const NETWORK = { inputs: 2, layers: [{ type: "dense", units: 3, activation: "tanh" }, { type: "dense", units: 1, activation: "sigmoid" }] };
const TRACE = {
  inputs: [[1, 0]],
  targets: [[1]],
  loss: 0.1,
  forward: [
    { layer: 0, type: "dense", weighted_inputs: [[1, 2, 3]], activations: [[0.1, 0.2, -0.3]] },
    { layer: 1, type: "dense", weighted_inputs: [[4]], activations: [[0.5]] },
  ],
  backward: [
    { layer: 1, delta: [[-0.1]], gradients: { weights: [[-0.01], [-0.02], [0.03]], biases: [-0.1] } },
    { layer: 0, delta: [[0.01, 0.03, -0.02]], gradients: { weights: { shape: [2, 3] }, biases: [0.01, 0.03, -0.02] } },
  ],
  update: [{ layer: 1, before: { weights: [[0.5], [-1], [2]], biases: [0.25] }, after: { weights: [[0.6], [-1], [2]], biases: [0.3] } }],
};
const numbers = numbersOf(TRACE, NETWORK, { layers: [{ weights: [[1, 2, 3], [4, 5, 6]], biases: [7, 8, 9] }, {}] });

test("numbers are those of the trace, and weights that it summarises those that are stored", () => {
  assert.deepEqual(numbers.inputs, [1, 0]);
  assert.deepEqual(numbers.layers[0].a, [0.1, 0.2, -0.3]);
  assert.deepEqual(numbers.layers[0].weights, [[1, 2, 3], [4, 5, 6]]);
  assert.deepEqual(numbers.layers[1].weights, [[0.5], [-1], [2]]);
  assert.equal(gradientOf(numbers, { layer: 1, input: 2, unit: 0 }), 0.03);
  assert.equal(gradientOf(numbers, { layer: 0, input: 0, unit: 1 }), 0.03); // BP4, as the trace summarises it
  assert.equal(gradientOf(numbers, { layer: 0, input: null, unit: 2 }), -0.02);
  assert.equal(parametersOf(NETWORK), 13);
});

test("of a large layer those units are drawn whose numbers are the largest, and the chosen weight's", () => {
  assert.deepEqual(largest([1, -5, null, 5, 2], 3), [1, 3, 4]);
  const drawn = columnsOf(numbers, { most: 2 });
  assert.deepEqual(drawn.map(({ units }) => units), [[0, 1], [1, 2], [0]]);
  assert.deepEqual(drawn.map(({ choice }) => choice), ["", "the largest |delta|", ""]);
  assert.deepEqual(columnsOf(numbers, { most: 2, by: "first" })[1].units, [0, 1]);
  const edge = { layer: 1, input: 2, unit: 0 };
  assert.deepEqual(columnsOf(numbers, { most: 2, by: "first", edge })[1].units, [0, 2]);
});

test("columns stand from left to right, and every weight is a line", () => {
  const layout = layoutOf(columnsOf(numbers), numbers, 800);
  assert.equal(layout.nodes.length, 6);
  assert.equal(layout.edges.length, 9);
  assert.ok(layout.xs[0] < layout.xs[1] && layout.xs[1] < layout.xs[2] && layout.width <= 800);
  const ys = layout.nodes.filter(({ layer }) => layer === 0).map(({ y }) => y);
  assert.equal(ys[1], layout.nodes[5].y); // the middle of three units is as high as the only output
  assert.ok(layoutOf(columnsOf(numbers), numbers, 100).width > 100);
});

test("sizes are in proportion to the largest", () => {
  assert.equal(widthOf(0, 2), 0.75);
  assert.equal(widthOf(-2, 2), 5.5);
  assert.equal(widthOf(null, 2), 0.75);
  assert.equal(strengthOf(-1, 2), 0.5);
  assert.equal(strengthOf(1, 0), 0);
});

test("the signal runs forward, then the error runs back, the last layer first", () => {
  const steps = stepsOf(2);
  assert.deepEqual(steps.map(({ id }) => id), ["forward.0", "forward.1", "error", "delta.1", "delta.0", "gradients", "update"]);
  assert.deepEqual(steps.map(({ equations }) => equations.join()), ["z,a", "z,a", "", "BP1", "BP2", "BP4,BP3", "update"]);
  assert.deepEqual([-1, 0, 1].map((layer) => shownAt(steps[0], layer)), ["a", "a", "later"]);
  assert.deepEqual([-1, 0, 1].map((layer) => shownAt(steps[3], layer)), ["a", "later", "delta"]);
  assert.deepEqual([0, 1].map((layer) => travels(steps[0], layer)), ["forward", null]);
  assert.deepEqual([0, 1].map((layer) => travels(steps[4], layer)), [null, "back"]);
  assert.equal(moved(steps, null, 1), steps[0]);
  assert.equal(moved(steps, steps[0], -1), null);
  assert.equal(moved(steps, steps[6], 1), steps[6]);
});

test("a weight's formulas are those of the trace, by name", () => {
  const formulas = formulasByName([{ of: "dC/dw of hidden 3 -> output 1", formula: "(-0.3) * -0.1", value: 0.03 }]);
  const lines = linesOf({ numbers, formulas, layers: NETWORK.layers, notation: undefined }, { kind: "weight", layer: 1, input: 2, unit: 0 });
  assert.deepEqual(lines.map(({ name, value }) => [name, value]), [["hidden 3 -> output 1", 2], ["dC/dw", 0.03], ["w after the step", 2]]);
  assert.equal(lines[1].formula, "(−0.3) × -0.1");
  assert.equal(readable("-0.5 * (-1e-05) - 1"), "−0.5 × (−0.00001) − 1");
  assert.equal(readable("1.5e-06 + 2e-07"), "0.0000015 + 2e−07");
});

test("a number in a node is short and has a sign", () => {
  assert.deepEqual([0.694, -12.34, 0.0012, -0.0099, 0.0003, -4000, 0, null].map(brief), ["+0.69", "−12.3", "+0.001", "−0.010", "+3e−4", "−4e3", "0", "?"]);
});

const answering = (/** @type {number[]} */ a, /** @type {number[]} */ targets, loss = 0) => ({ inputs: [], targets, loss, layers: [{ ...numbers.layers[1], a }] });
const classed = (/** @type {any[]} */ classes, activation = "sigmoid") => ({ network: { layers: [{ type: "dense", activation }] }, targets: { kind: "classes", classes }, training: {} });

test("a single sigmoid output is a chance, from which its answer follows", () => {
  assert.deepEqual(chanceOf(classed([0, 1]), answering([0.17], [0])), { chance: 0.17, of: "1", says: "0", target: "0", isRight: true });
  assert.equal(answerSentence(classed(["no", "yes"]), answering([0.5], [0])), "The chance of yes is 0.5, so it answers yes: wrong, the target is no.");
  assert.equal(answerSentence(classed(["a", "b", "c"], "softmax"), answering([0.1, 0.7, 0.2], [0, 1, 0])), "The largest output is that of b, 0.7, so it answers b: right.");
});

test("values are told in the units of the dataset", () => {
  const job = { network: NETWORK, targets: { kind: "values" }, training: { preprocessing: { fitted: { targets: [{ offset: 3, divisor: 2 }] } } } };
  assert.equal(answerSentence(job, answering([0.1], [0])), "It answers 3.2; the target is 3.");
  assert.equal(answerSentence({ ...job, training: {} }, answering([1, 2, 3, 4], [1, 2, 3, 4])), null);
});

test("a loss has its numbers where they make it", () => {
  assert.equal(lossEquation("quadratic"), "C = ½ Σ (a − y)²");
  assert.equal(lossFormula("quadratic", answering([0.5], [-1], 1.125)), "½ × (0.5 − (−1))²");
  assert.equal(lossFormula("quadratic", answering([0.5], [1], 0.25)), ""); // weighted, so it is another product
});
