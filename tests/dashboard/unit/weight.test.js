import assert from "node:assert/strict";
import { test } from "node:test";

const ROOM = "../../../service/dashboard/weight/";
const { axisOf, denseLayers, neighbour, placeOf, slopeQuery } = await import(`${ROOM}place.js`);
const { contour, levelsOf } = await import(`${ROOM}contours.js`);
const { barScale, contributionsOf } = await import(`${ROOM}contributions.js`);
const { changeSentence, promiseSentence, slopeSentence } = await import(`${ROOM}sentences.js`);
const { curveGeometry, SHORTEST_ARROW } = await import(`${ROOM}curve_geometry.js`);
const { surfaceGeometry } = await import(`${ROOM}surface_geometry.js`);
const { farthest } = await import(`${ROOM}twin_outputs.js`);
const { heatColour, pixelsOf } = await import(`${ROOM}heat.js`);

const NETWORK = { inputs: 2, layers: [{ type: "dense", units: 3 }, { type: "dropout" }, { type: "dense", units: 1 }] };

test("a weight is named by layer, input and unit, a bias by b", () => {
  assert.deepEqual(denseLayers(NETWORK), [{ layer: 0, inputs: 2, units: 3 }, { layer: 2, inputs: 3, units: 1 }]);
  assert.deepEqual(placeOf("2.2.0", NETWORK), { layer: 2, input: 2, unit: 0 });
  assert.deepEqual(placeOf("0.b.2", NETWORK), placeOf("0.bias.2", NETWORK));
  assert.deepEqual(placeOf("0.b.2", NETWORK), { layer: 0, input: null, unit: 2 });
  for (const none of ["1.0.0", "0.2.0", "0.0.3", "2.b.1", "0.0", "x", undefined, "0.-1.0"]) assert.equal(placeOf(none, NETWORK), null);
  assert.deepEqual(slopeQuery({ layer: 0, input: 1, unit: 2 }), { layer: 0, weight: "1,2" });
  assert.deepEqual(slopeQuery({ layer: 0, input: null, unit: 2 }), { layer: 0, bias: 2 });
  assert.equal(axisOf({ layer: 0, input: null, unit: 2 }), "0,bias,2");
  assert.deepEqual(neighbour({ layer: 2, input: 2, unit: 0 }, NETWORK), { layer: 2, input: 0, unit: 0 });
  assert.deepEqual(neighbour({ layer: 2, input: null, unit: 0 }, NETWORK), { layer: 2, input: 0, unit: 0 });
});

test("a contour line of a plane is straight, and saddles are not crossed", () => {
  const plane = [[0, 0, 0], [1, 1, 1], [2, 2, 2]];
  assert.deepEqual(contour(plane, 0.5), [[[0.5, 0], [0.5, 1]], [[0.5, 1], [0.5, 2]]]);
  const corners = (/** @type {number} */ level) => contour([[0, 1], [1, 0]], level).map((each) => each.map((point) => point.map((at) => Number(at.toFixed(9)))));
  assert.deepEqual(corners(0.4), [[[0, 0.4], [0.4, 0]], [[1, 0.6], [0.6, 1]]]); // the low corners are cut off
  assert.deepEqual(corners(0.6), [[[0.6, 0], [1, 0.4]], [[0.4, 1], [0, 0.6]]]); // the high ones
  assert.deepEqual(contour([[0, null], [1, 1]], 0.5), []);
  assert.deepEqual(levelsOf([0, 4], 3), [1, 2, 3]);
});

const UPDATE = [
  { layer: 0, contribution: { weights: [[-1, 2], [0, -4]], biases: [0.5, 0] }, contributions_together: -2.5 },
  { layer: 1, contribution: { weights: [[-8], [1]], biases: [3] }, contributions_together: -4 },
];

test("the largest contributions stand alone, the others together, and all make the sum", () => {
  const found = contributionsOf(UPDATE, 3);
  assert.deepEqual(found.largest.map((each) => each.value), [-8, -4, 3]);
  assert.deepEqual(found.largest[1].place, { layer: 0, input: 1, unit: 1 });
  assert.deepEqual(found.largest[2].place, { layer: 1, input: null, unit: 0 });
  assert.deepEqual(found.others, { count: 6, value: 2.5 });
  assert.equal(found.sum, -6.5);
  assert.equal(contributionsOf(UPDATE, 20).others, null);
});

test("of a summarised array only what is surely among the largest is listed", () => {
  const largest = [9, -7].map((value, at) => ({ index: [at, 0], name: "", value }));
  const update = [...UPDATE, { layer: 2, contribution: { weights: { shape: [50, 40], largest } }, contributions_together: 5 }];
  const found = contributionsOf(update, 10);
  assert.deepEqual(found.largest.map((each) => each.value), [9, -8, -7]);
  assert.deepEqual(found.others, { count: 2006, value: -1.5 - -6 });
});

test("bars have room on both sides of zero where both are needed", () => {
  assert.deepEqual(barScale([-3, -1]), { zero: 100, unit: 100 / 3 });
  assert.deepEqual(barScale([1, -1]), { zero: 50, unit: 50 });
  assert.deepEqual(barScale([0]), { zero: 0, unit: 100 });
});

const SLOPE = {
  value: 0.5, loss: 1, rows: 4, tangent: { slope: -0.12 }, step: { step: 0.06, value: 0.56, predicted_change: -0.0072, loss: 0.993 },
  points: [{ value: 0, loss: 1.1, tangent: 1.06 }, { value: 0.5, loss: 1, tangent: 1 }, { value: 1, loss: null, tangent: 0.94 }],
};

test("sentences say which way and how far", () => {
  assert.equal(slopeSentence(SLOPE), "Over 4 training rows together the slope here is -0.12, so the weight is moved up by 0.06, from 0.5 to 0.56.");
  const down = { ...SLOPE, tangent: { slope: 0.12 }, step: { ...SLOPE.step, step: -0.06, value: 0.44 } };
  assert.match(slopeSentence(down, "bias"), /so the bias is moved down by 0.06, from 0.5 to 0.44\.$/);
  assert.match(slopeSentence({ ...SLOPE, tangent: { slope: 0.12 } }), /the slope here is 0.12, yet the weight is moved up/);
  assert.match(slopeSentence({ ...SLOPE, step: { ...SLOPE.step, step: 0 } }), /stays at 0.5/);
  assert.match(slopeSentence({ ...SLOPE, tangent: { slope: null } }), /not finite/);
  assert.match(promiseSentence(SLOPE), /promises a change of -0.0072; .* changes by -0.007, to 0.993/);
  assert.match(changeSentence(-0.02, -0.018), /90 % of it/);
  assert.match(changeSentence(-0.02, 0.01), /other side of the valley/);
  assert.match(changeSentence(null, 0), /not finite/);
});

test("the curve has gaps where it is not finite, and a short arrow is lengthened", () => {
  const drawn = curveGeometry(SLOPE, 500, 300);
  assert.equal(drawn.isWhole, false);
  assert.equal(drawn.curve.match(/[ML]/g).join(""), "ML");
  assert.equal(drawn.arrow.isLengthened, false);
  assert.ok(drawn.arrow.to.x > drawn.from.x && drawn.arrow.to.y > drawn.from.y);
  const short = curveGeometry({ ...SLOPE, step: { ...SLOPE.step, step: -0.0001 } }, 500, 300);
  const long = curveGeometry({ ...SLOPE, step: { ...SLOPE.step, step: 0.2, value: 0.7 } }, 500, 300);
  assert.deepEqual([long.isApart, short.isApart], [true, false]);
  assert.ok(short.arrow.isLengthened && short.arrow.to.x < short.from.x);
  assert.ok(Math.abs(Math.hypot(short.arrow.to.x - short.from.x, short.arrow.to.y - short.from.y) - SHORTEST_ARROW) < 1e-9);
  assert.equal(curveGeometry({ ...SLOPE, loss: null, points: [{ value: 0, loss: null, tangent: null }] }, 500, 300), null);
});

test("of many outputs those are drawn at which the twin is farthest off", () => {
  const outputs = [0.1, 0.9, 0.2, 0.5].map((before, unit) => ({ label: `${unit}`, target: 0, before, after: 0 }));
  assert.deepEqual(farthest(outputs).map((each) => each.label), ["1", "2", "3"]);
});

test("the path of a surface ends at the chosen epoch", () => {
  const axis = { value: 0.25, values: [0, 0.5, 1] };
  const path = [0, 10, 20].map((epoch) => ({ epoch, x: epoch / 20, y: epoch / 20, training_loss: 1, surface_loss: 1 }));
  const drawn = surfaceGeometry({ x: axis, y: axis, losses: [[0, 1, 2], [1, 2, 3], [2, 3, 4]], path, epoch: 10, loss: 1 }, 400, 300);
  assert.deepEqual(drawn.range, [0, 4]);
  assert.deepEqual(drawn.places.map((each) => each.isPast), [true, true, false]);
  assert.ok(drawn.past.endsWith(`L${drawn.present.x.toFixed(1)} ${drawn.present.y.toFixed(1)}`));
});

test("heat maps have x to the right and y upwards, and leave out what is not finite", () => {
  const pixels = pixelsOf([[0, 1], [null, 0.5]], [0, 1]);
  assert.deepEqual([...pixels.slice(0, 4)], [...heatColour(1), 255]); // above left: x 0, y 1
  assert.deepEqual([...pixels.slice(8, 12)], [...heatColour(0), 255]);
  assert.deepEqual([...pixels.slice(12, 16)], [0, 0, 0, 0]);
});
