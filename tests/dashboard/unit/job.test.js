import assert from "node:assert/strict";
import { test } from "node:test";

const from = (/** @type {string} */ name) => import(`../../../service/dashboard/job/${name}.js`);
const { allowed, forkBody } = await from("command_choice");
const { epochOfKey, framesASecond, strideOf } = await from("play");
const { advised, halfRate, warningEpochs } = await from("warnings");

const job = (/** @type {any} */ state) => ({ requested: null, latest: { epoch: 3 }, replay: null, ...state });

test("only the commands that a state allows are offered", () => {
  assert.deepEqual(allowed(job({ status: "queued", latest: null })), ["pause", "cancel"]);
  assert.deepEqual(allowed(job({ status: "running" })), ["pause", "cancel", "fork"]);
  assert.deepEqual(allowed(job({ status: "running", requested: "pause" })), ["resume", "cancel", "fork"]);
  assert.deepEqual(allowed(job({ status: "running", requested: "cancel" })), ["fork"]);
  assert.deepEqual(allowed(job({ status: "paused" })), ["resume", "step", "cancel", "fork", "replay"]);
  assert.deepEqual(allowed(job({ status: "failed" })), ["fork", "replay", "delete"]);
  assert.deepEqual(allowed(job({ status: "succeeded", replay: { of: "job_1" } })), ["fork", "delete"]);
});

test("a fork sends what is changed and nothing else", () => {
  const training = { optimizer: { type: "sgd", learning_rate: 0.5, momentum: 0.9 }, epochs: 100, schedule: null };
  assert.deepEqual(forkBody({ training }, { epoch: 7, rate: 0.5, epochs: 100 }), { epoch: 7 });
  assert.deepEqual(forkBody({ training }, { epoch: 7, rate: 0.1, epochs: 50 }), {
    epoch: 7,
    training: { optimizer: { type: "sgd", learning_rate: 0.1, momentum: 0.9 }, epochs: 50 },
  });
  assert.equal(halfRate({ training }, 3).training.optimizer.learning_rate, 0.25);
  const low = halfRate({ training: { ...training, schedule: { type: "cosine", minimum: 0.4 } } }, 3);
  assert.deepEqual(low.training.schedule, { type: "cosine", minimum: 0.2 });
});

test("warnings are in the order of epochs, with where to fork from", () => {
  const found = {
    warnings: [
      { code: "exploding_gradient", epoch: 0, layer: 0, detail: "..." },
      { code: "vanishing_gradient", epoch: 9, layer: 0, detail: "..." },
      { code: "new_code", epoch: 9, layer: null, detail: "..." },
    ],
    error: { code: "diverged", epoch: 12, detail: "..." },
  };
  assert.deepEqual(advised(found).map(({ code, forkFrom }) => [code, forkFrom]), [
    ["exploding_gradient", 0], ["vanishing_gradient", null], ["new_code", null], ["diverged", 11],
  ]);
  assert.deepEqual(warningEpochs(found), [0, 9, 12]);
});

test("the play shows the whole in its time, however late its frames are", () => {
  assert.equal(strideOf(3600, 15, 1000 / framesASecond(false)), 20);
  assert.equal(strideOf(3600, 15, 1000 / framesASecond(true)), 120);
  assert.equal(strideOf(3600, 15, 15_000), 3600);
  assert.equal(strideOf(10, 15, 80), 1);
  assert.equal(strideOf(100_000, null, 80), 1);
});

test("keys of the slider", () => {
  assert.equal(epochOfKey("ArrowRight", 5, 100), 6);
  assert.equal(epochOfKey("ArrowLeft", 0, 100), 0);
  assert.equal(epochOfKey("PageUp", 5, 100), 10);
  assert.equal(epochOfKey("End", 5, 100), 100);
  assert.equal(epochOfKey("a", 5, 100), undefined);
});
