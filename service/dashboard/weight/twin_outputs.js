/** What the twin and the network of the chosen epoch answer, and what the updates did, in a sentence. */

import { counted, number } from "../parts/format.js";

const MOST_OUTPUTS = 10;
const MOST_LINES = 3;

/**
 * Return what the updates did to the loss.
 *
 * @param {{loss: number | null, rows: number}} before
 * @param {{loss: number | null, epoch: number}} after
 */
export function twinSentence(before, after) {
  if (after.epoch === 0) return "Both are at epoch 0: nothing has been updated yet. Move the slider to see the twin stay behind.";
  if (before.loss === null || after.loss === null) return "One of the losses is not finite.";
  if (after.loss < before.loss) return `${counted(after.epoch, "epoch")} of updates brought the loss from ${number(before.loss)} down to ${number(after.loss)}. Without them the twin stays where it began.`;
  return `After ${counted(after.epoch, "epoch")} of updates the loss is ${number(after.loss)}, no lower than the ${number(before.loss)} of the twin that was never updated.`;
}

/**
 * Return the outputs of both networks for the row, with what they were to be.
 *
 * @param {any} before a trace
 * @param {any} after a trace
 * @returns {{label: string, target: number | null, before: number | null, after: number | null}[]}
 */
export function outputsOf(before, after) {
  const [old, now] = [before, after].map(({ forward }) => forward[forward.length - 1].activations);
  if (!Array.isArray(old) || !Array.isArray(now)) return []; // so many outputs are summarised
  const targets = after.targets[0];
  return now[0].slice(0, MOST_OUTPUTS).map((/** @type {number} */ value, /** @type {number} */ unit) => ({
    label: `Output ${unit + 1}, target ${number(targets[unit])}`,
    target: targets[unit],
    before: old[0][unit],
    after: value,
  }));
}

/**
 * Return the outputs at which the twin is farthest from its target, in their order.
 *
 * @param {ReturnType<typeof outputsOf>} outputs
 */
export function farthest(outputs) {
  const distance = (/** @type {typeof outputs[0]} */ each) => Math.abs((each.target ?? 0) - (each.before ?? 0));
  const chosen = [...outputs].sort((a, b) => distance(b) - distance(a)).slice(0, MOST_LINES);
  return outputs.filter((each) => chosen.includes(each));
}
