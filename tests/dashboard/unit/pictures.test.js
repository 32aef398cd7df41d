import assert from "node:assert/strict";
import { test } from "node:test";
import { domainOf, linear, ticks, tickTexts } from "../../../service/dashboard/parts/scale.js";
import { diverging, mix, rgbOf } from "../../../service/dashboard/pictures/colours.js";
import { rescaled, sideOf, stroked, tileOf, touched } from "../../../service/dashboard/pictures/images.js";
import { argmax, bordersOf, classesOf, contourOf, gridOf, sharesOf } from "../../../service/dashboard/pictures/plane.js";
import { statisticsOf } from "../../../service/dashboard/pictures/statistics.js";
import { fading, MOST_SHOTS, shotsOf, valuesDomain } from "../../../service/dashboard/range/shots.js";

const range = (count) => [...Array(count).keys()];

test("ticks are round and within the domain", () => {
  assert.deepEqual(ticks([0, 1], 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks([-3.2, 7.9], 4), [0, 5]);
  assert.deepEqual(ticks([-0.38, 0.86], 9), [-0.2, 0, 0.2, 0.4, 0.6, 0.8]);
  assert.deepEqual(ticks([2, 2]), [2]);
});

test("texts of ticks have as many digits as make them distinct", () => {
  assert.deepEqual(tickTexts([2.105, 2.11, 2.115]), ["2.105", "2.110", "2.115"]);
  assert.deepEqual(tickTexts([-1, 0, 1]), ["-1", "0", "1"]);
  assert.deepEqual(tickTexts([0, 1e53]), ["0", "1.0000e53"]);
});

test("a scale goes both ways, and a domain leaves out what is missing", () => {
  const scale = linear([0, 10], [100, 0]);
  assert.equal(scale.place(2.5), 75);
  assert.equal(scale.value(75), 2.5);
  assert.deepEqual(domainOf([null, 1, 3, undefined, Number.NaN], 0.5), [0, 4]);
  assert.deepEqual(domainOf([2, 2], 0.1), [1.8, 2.2]);
  assert.equal(domainOf([null]), null);
});

test("the grid goes from the top left to the bottom right, in the middles of its cells", () => {
  assert.deepEqual(gridOf([0, 4], [0, 2], 2), [[1, 1.5], [3, 1.5], [1, 0.5], [3, 0.5]]);
});

test("classes are the largest output, or whether a single one is at least one half", () => {
  assert.equal(argmax([0.1, null, 0.7]), 2);
  assert.equal(argmax([null]), -1);
  assert.deepEqual(classesOf([[0.2, 0.8], [0.6, 0.4]]), [1, 0]);
  assert.deepEqual(classesOf([[0.5], [0.49], [null]]), [1, 0, -1]);
  assert.deepEqual(sharesOf([0, 1, 1, 1], 2), [0.25, 0.75]);
});

test("a border runs where the surface crosses its level", () => {
  assert.deepEqual(contourOf([0, 1, 0, 1], 2, 0.25), [[0.75, 0.5, 0.75, 1.5]]);
  assert.deepEqual(contourOf([0, 0, 0, 0], 2, 0.5), []);
  const lines = bordersOf([[1, 0], [0, 1], [1, 0], [0, 1]], 2);
  assert.deepEqual(lines, [[1, 0.5, 1, 1.5], [1, 0.5, 1, 1.5]]); // once for each of the two classes
});

test("colours mix from negative over neutral to positive", () => {
  const colours = { negative: [100, 0, 0], neutral: [0, 0, 0], positive: [0, 0, 200] };
  assert.deepEqual(rgbOf(" #0a10ff"), [10, 16, 255]);
  assert.deepEqual(mix([0, 0, 0], [10, 20, 30], 0.5), [5, 10, 15]);
  assert.deepEqual([-1, -0.5, 0, 1, 9, null].map((value) => diverging(value, [-1, 1], colours)), [[100, 0, 0], [50, 0, 0], [0, 0, 0], [0, 0, 200], [0, 0, 200], [0, 0, 0]]);
});

test("inputs that form a square are a picture", () => {
  assert.deepEqual([4, 16, 25, 64, 65, 784].map(sideOf), [null, null, 5, 8, null, 28]);
  assert.deepEqual(tileOf([[1, 2], [3, 4]], 1), [2, 4]);
  assert.deepEqual(rescaled([0, 8, 16], [0, 16], [0, 1]), [0, 0.5, 1]);
});

test("a pen darkens what it touches and nothing far away", () => {
  const drawn = touched(Array(64).fill(0), 8, 3.5, 4.5);
  assert.equal(drawn[4 * 8 + 3], 1);
  assert.equal(drawn[0], 0);
  const line = stroked(drawn, 8, [3.5, 4.5], [6.5, 4.5]);
  assert.ok([3, 4, 5, 6].every((x) => line[4 * 8 + x] === 1));
  assert.ok(line.every((value, index) => value >= drawn[index]));
});

test("the ranges of inputs are those of the dataset's columns", () => {
  const columns = [
    { name: "a", role: "input", minimum: 0, maximum: 10 },
    { name: "b", role: "input", minimum: -2, maximum: 2 },
    { name: "y", role: "target", minimum: 1, maximum: 5 },
  ];
  const statistics = statisticsOf(columns, ["a", "b"]);
  assert.deepEqual(statistics.domain("a"), [-0.8, 10.8]);
  assert.deepEqual(statistics.inputs, [-2, 10]);
  assert.deepEqual(statistics.target("y"), [1, 5]);
  assert.deepEqual(statistics.target("output 1"), [1, 5]);
});

test("few shots are asked for, which do not depend on the chosen epoch, but for that one", () => {
  const stored = range(2001);
  const all = shotsOf(stored, 2000, 2000);
  assert.ok(all.length <= MOST_SHOTS + 1 && all.length > MOST_SHOTS / 3);
  assert.deepEqual(shotsOf(stored, 2000, 777).slice(0, -1), all.filter((epoch) => epoch < 777));
  assert.equal(shotsOf(stored, 2000, 777).at(-1), 777);
  assert.deepEqual(shotsOf(range(4), 3, 3), [0, 1, 2, 3]);
  assert.deepEqual(shotsOf([], 0, 0), [0]);
});

test("older shots are paler, and probabilities are drawn from 0 to 1", () => {
  assert.ok(fading(0, 5) < fading(4, 5) && fading(4, 5) <= 1);
  assert.deepEqual(valuesDomain([7], true), [-0.05, 1.05]);
  assert.deepEqual(valuesDomain([0, 10, null], false), [-1.5, 11.5]);
});
