import assert from "node:assert/strict";
import { test } from "node:test";
import { edgeOfPlace, placeOfEdge } from "../../../service/dashboard/parts/edge.js";
import { EQUATIONS, equation, layerName, quantityName, unitName, weightName } from "../../../service/dashboard/parts/notation.js";

const dense = { type: "dense" };
const LAYERS = [dense, { type: "dropout" }, dense, dense];

test("names count from 1, and several layers of a kind have a number", () => {
  assert.equal(weightName({ layer: 0, input: 0, unit: 1 }, undefined, [dense, dense]), "input 1 -> hidden 2");
  assert.equal(weightName({ layer: 2, input: 0, unit: 1 }, undefined, LAYERS), "dropout 1 -> hidden 2.2");
  assert.equal(weightName({ layer: 3, input: null, unit: 0 }, undefined, LAYERS), "bias of output 1");
  assert.equal(unitName({ layer: 0, unit: 4 }, undefined, LAYERS), "hidden 1.5");
  assert.equal(quantityName("delta", { layer: 0, unit: 4 }, undefined, LAYERS), "delta of hidden 1.5");
  assert.deepEqual([-1, 0, 1, 2, 3].map((layer) => layerName(layer, undefined, LAYERS)), ["inputs", "hidden 1", "dropout", "hidden 2", "outputs"]);
});

test("Nielsen's weights lead to j from k, and his first layer is the inputs", () => {
  assert.equal(weightName({ layer: 0, input: 0, unit: 1 }, "nielsen"), "w²₂₁");
  assert.equal(weightName({ layer: 1, input: 11, unit: 1 }, "nielsen"), "w³₂,₁₂");
  assert.equal(weightName({ layer: 1, input: null, unit: 0 }, "nielsen"), "b³₁");
  assert.equal(quantityName("delta", { layer: -1, unit: 0 }, "nielsen"), "δ¹₁");
  assert.equal(layerName(-1, "nielsen"), "layer 1");
});

test("each equation is there in both notations", () => {
  for (const name of Object.keys(EQUATIONS)) assert.notEqual(equation(name, undefined), equation(name, "nielsen"));
});

test("an edge of the address is a place, and nothing else is", () => {
  assert.deepEqual(placeOfEdge("0.3.2"), { layer: 0, input: 3, unit: 2 });
  assert.deepEqual(placeOfEdge("1.bias.2"), { layer: 1, input: null, unit: 2 });
  for (const text of [undefined, "", "0.3", "0.3.2.1", "-1.0.0", "a.b.c"]) assert.equal(placeOfEdge(text), null);
  for (const text of ["0.3.2", "1.bias.2"]) assert.equal(edgeOfPlace(placeOfEdge(text)), text);
});
