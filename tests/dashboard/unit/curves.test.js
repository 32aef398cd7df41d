import assert from "node:assert/strict";
import { test } from "node:test";

const from = (/** @type {string} */ name) => import(`../../../service/dashboard/job/${name}.js`);
const { afterStep, nextStep, POINTS, shareShown } = await from("curve_rows");
const { notes } = await from("curve_notes");
const { moved, rangeOf, rangeText, zoomed } = await from("range");
const { notFiniteAt, seriesOf, shownSeries, toggled, valueOf } = await from("series");

const job = { training: { metrics: ["accuracy"], validation: { fraction: 0.2 }, schedule: null } };
const records = (/** @type {number} */ count) => Array.from({ length: count }, (_, epoch) => ({ epoch }));

test("the whole range is asked for first, then only what is behind the last epoch", () => {
  const whole = nextStep(null, null, 99_999);
  assert.deepEqual(whole.query, { until: 99_999, points: POINTS });
  const known = afterStep(null, whole, records(1000));
  assert.equal(shareShown(known), "1 in 100 epochs drawn");
  assert.equal(nextStep(known, null, 99_999), null);
  const more = nextStep(known, null, 100_999);
  assert.deepEqual(more.query, { after: 99_999, until: 100_999, points: 10 });
  assert.equal(afterStep(known, more, records(10)).records.length, 1010);
});

test("the whole range is asked for again once half as many records have been added, or when training began anew", () => {
  const whole = nextStep(null, null, 99_999);
  const known = { ...afterStep(null, whole, records(1000)), records: records(1500) };
  assert.equal(nextStep(known, null, 200_000).isWhole, true);
  assert.equal(nextStep({ ...known, records: records(1400) }, null, 200_000).isWhole, false);
  assert.equal(nextStep(known, null, 5).isWhole, true);
});

test("a range of the address is asked for as it is, up to the newest epoch", () => {
  assert.deepEqual(nextStep(null, [100, 200], 5000).query, { after: 99, until: 200, points: POINTS });
  assert.deepEqual(nextStep(null, [100, 200], 150).query, { after: 99, until: 150, points: POINTS });
  const known = afterStep(null, nextStep(null, [100, 200], 5000), records(101));
  assert.equal(shareShown(known), "every epoch drawn");
  assert.equal(nextStep(known, [100, 200], 6000), null);
});

test("ranges of the address", () => {
  assert.deepEqual(rangeOf("10,200"), [10, 200]);
  for (const text of [undefined, "", "5", "20,10", "a,b", "-1,5", "1,2,3"]) assert.equal(rangeOf(text), null);
  assert.equal(rangeText([10.4, 99.6], 1000), "10,100");
  assert.equal(rangeText([50, 50.2], 1000), "48,52");
  assert.equal(rangeText([-20, 2000], 1000), null);
  assert.equal(rangeText([990, 1030], 1000), "960,1000");
  assert.equal(rangeText(null, 1000), null);
});

test("zooming keeps the chosen epoch where it is, moving keeps the width", () => {
  assert.deepEqual(zoomed([0, 100], 0.5, 20), [10, 60]);
  assert.deepEqual(zoomed([0, 100], 0.5, 500), [25, 75]);
  assert.deepEqual(moved([10, 30], -0.5, 100), [0, 20]);
  assert.deepEqual(moved([80, 100], 0.5, 100), [80, 100]);
});

test("series are chosen by name, and the last one stays", () => {
  const names = seriesOf(job).map((/** @type {any} */ each) => each.name);
  assert.deepEqual(names, ["training_loss", "validation_loss", "training_accuracy", "validation_accuracy", "learning_rate"]);
  assert.deepEqual(shownSeries(job, undefined).map((/** @type {any} */ each) => each.name), names.slice(0, 4));
  assert.deepEqual(shownSeries(job, "learning_rate,nonsense").map((/** @type {any} */ each) => each.name), ["learning_rate"]);
  assert.equal(toggled(job, undefined, "training_loss"), "validation_loss,training_accuracy,validation_accuracy");
  assert.equal(toggled(job, "validation_loss,training_accuracy,validation_accuracy", "training_loss"), null);
  assert.equal(toggled(job, "learning_rate", "learning_rate"), "learning_rate");
  const [training, validation] = seriesOf(job).slice(2, 4);
  assert.equal(training.colour, validation.colour);
  assert.ok(!training.dash && validation.dash);
});

test("what cannot be drawn is said", () => {
  const found = [
    { epoch: 3, training_loss: 0, metrics: { validation: { r2: 0.5 } } },
    { epoch: 12, training_loss: null, metrics: { validation: { r2: null } }, nonfinite: ["training_loss", "metrics/validation/r2"] },
  ];
  assert.equal(valueOf(found[0], "validation_r2"), 0.5);
  assert.equal(valueOf(found[0], "training_r2"), null);
  assert.deepEqual(notFiniteAt(found, "validation_r2"), [12]);
  const series = [{ name: "training_loss", label: "training loss" }];
  assert.deepEqual(notes(found, series, false), ["training loss: not finite at epoch 12, left out as a gap."]);
  assert.equal(notes(found, series, true)[1], "training loss: 1 value is not above 0 and has no place on a logarithmic scale.");
});
