import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.location = { search: "" };
const ROOT = "../../../service/dashboard/";
const { claimOf, nameOf, numberOf } = await import(`${ROOT}homework/numbers.js`);
const { piecesOf, stepNumber, STEPS, NAMED } = await import(`${ROOT}tour/steps.js`);
const { READS } = await import(`${ROOT}tour/gun.js`);
const { verdictOf } = await import(`${ROOT}tour/verdict.js`);
const { gunGeometry } = await import(`${ROOT}tour/gun_geometry.js`);

test("numbers are read with a point or a comma, and nothing is guessed", () => {
  assert.equal(numberOf("0,25"), 0.25);
  assert.equal(numberOf(" -.5 "), -0.5);
  assert.equal(numberOf("−1.5e-3"), -0.0015);
  assert.equal(numberOf(""), null);
  for (const none of ["1.234,5", "1,234.5", "1/2", "a", "1 000", "Infinity", "0x1", "-"]) assert.ok(Number.isNaN(numberOf(none)), none);
});

const blank = (/** @type {string} */ array, /** @type {number} */ layer, /** @type {number[]} */ index, parameter = undefined) => ({ array, layer, index, parameter, pointer: [array, layer, parameter, ...index].join("/"), of: "as it is", number: 1, name: "" });

test("a claim has the written numbers, and null for all others", () => {
  const sections = [
    { array: "deltas", layer: 1, shape: [1, 2], blanks: [blank("deltas", 1, [0, 0]), blank("deltas", 1, [0, 1])] },
    { array: "gradients", layer: 0, parameter: "weights", shape: [2, 1], blanks: [blank("gradients", 0, [0, 0], "weights"), blank("gradients", 0, [1, 0], "weights")] },
    { array: "gradients", layer: 0, parameter: "biases", shape: [1], blanks: [blank("gradients", 0, [0], "biases")] },
  ];
  assert.equal(claimOf(sections, {}, 2), null);
  const written = { "deltas/1//0/1": "0,5", "gradients/0/weights/1/0": "2", "gradients/0/biases/0": "3" };
  assert.deepEqual(claimOf(sections, written, 2), {
    deltas: [null, [[null, 0.5]]],
    gradients: [{ weights: [[null], [2]], biases: [3] }, null],
  });
});

test("blanks are named in both notations", () => {
  assert.equal(nameOf(blank("deltas", 0, [0, 1]), undefined), "as it is");
  assert.equal(nameOf(blank("deltas", 0, [0, 1]), "nielsen"), "δ²₂");
  assert.equal(nameOf(blank("gradients", 0, [0, 1], "weights"), "nielsen"), "∂C/∂w²₂₁");
  assert.equal(nameOf(blank("gradients", 1, [0], "biases"), "nielsen"), "∂C/∂b³₁");
});

test("the tour has eight steps, whose texts name only what they read", () => {
  assert.equal(STEPS.length, 8);
  assert.equal(new Set(STEPS.map((step) => step.id)).size, 8);
  for (const step of STEPS) {
    assert.ok(step.reads.every((name) => name in READS), step.id);
    assert.ok(step.text.split(/[.?!:] /).length <= 7, step.id);
  }
  assert.ok(piecesOf(STEPS[3].text).some(({ name }) => name !== null && name in NAMED));
  assert.deepEqual(piecesOf("a {b} c"), [{ words: "a ", name: null }, { words: "", name: "b" }, { words: " c", name: null }]);
  assert.deepEqual([undefined, "0", "3", "9", "x", "1.5"].map(stepNumber), [1, 1, 3, 1, 1, 1]);
});

test("a claim of a step fails for numbers that do not fit", () => {
  const [, error, , tangent] = STEPS;
  assert.equal(error.claim.holds({ output: 0.5, target: 1, loss: 0.125 }), true);
  assert.equal(error.claim.holds({ output: 0.5, target: 1, loss: 0.25 }), false);
  assert.equal(tangent.claim.holds({ step: -0.01, rate: 0.5, slope: 0.02 }), true);
  assert.equal(tangent.claim.holds({ step: 0.01, rate: 0.5, slope: 0.02 }), false);
});

test("a guess is answered kindly, whichever it was", () => {
  const facts = { step: -0.01, slope: 0.02 };
  assert.match(verdictOf("down", facts), /^Well seen: it became smaller\. The tangent rises to the right .* less loss lies to the left/);
  assert.match(verdictOf("up", facts), /^It became smaller this time\./);
  assert.match(verdictOf(null, { step: 0.01, slope: -0.02 }), /falls to the right .* to the right, and the weight became larger by 0\.01/);
});

test("the network is drawn in columns, backwards with deltas and empty inputs", () => {
  const trace = {
    inputs: [[1, 0]],
    forward: [{ layer: 0, activations: [[0.1, 0.2, 0.3]] }, { layer: 1, activations: [[0.4]] }],
    backward: [{ layer: 1, delta: [[-1]] }, { layer: 0, delta: [[1, 2, 3]] }],
    update: [{ before: { weights: [[1, -2, 3], [4, 5, 6]] } }, { before: { weights: [[1], [2], [3]] } }],
  };
  const forward = gunGeometry(trace, "forward", 500, 300);
  assert.deepEqual(forward.nodes.map((each) => each.value), [1, 0, 0.1, 0.2, 0.3, 0.4]);
  assert.equal(forward.edges.length, 9);
  assert.ok(forward.edges[0].from.x < forward.edges[0].to.x);
  assert.deepEqual(gunGeometry(trace, "backward", 500, 300).nodes.map((each) => each.value), [null, null, 1, 2, 3, -1]);
});

test("labels of a shot cover neither each other nor the line", async () => {
  const { labelPlaces } = await import(`${ROOT}range/shots.js`);
  for (const [line, shot] of [[300, 298], [300, 250], [300, 200], [26, 28], [26, 300], [160, 170], [160, 161]]) {
    const { target, error } = labelPlaces(line, shot, 12);
    const taken = [line, target, ...error].map((at, index) => (index === 0 ? [at - 2, at + 2] : [at - 11, at + 3])).sort((a, b) => a[0] - b[0]);
    taken.slice(1).forEach(([top], index) => assert.ok(top >= taken[index][1], `${line} ${shot}: ${JSON.stringify(taken)}`));
    assert.ok(taken[0][0] >= 0 && taken[3][1] <= 316);
  }
});
