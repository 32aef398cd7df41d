/** What the network answers for a row, in words: the chance that its output stands for, the class that follows, and whether it is right. */

import { number, shortened } from "../parts/format.js";

const MOST_VALUES = 3;
const HALF = 0.5; // from this chance on, a single output says the second of two classes

/**
 * Return what a single sigmoid output of two classes says; null for all other outputs.
 *
 * @param {import("../api/answers.js").Job} job
 * @param {import("./numbers.js").Numbers} numbers
 * @returns {{chance: number, of: string, says: string, target: string, isRight: boolean} | null}
 */
export function chanceOf(job, { layers, targets }) {
  const { kind, classes } = job.targets ?? {};
  const a = layers[layers.length - 1].a;
  if (kind !== "classes" || classes?.length !== 2 || a?.length !== 1 || typeof a[0] !== "number" || activationOf(job) !== "sigmoid") return null;
  const [none, one] = classes.map((/** @type {any} */ each) => shortened(String(each), 12));
  const [says, target] = [a[0] >= HALF, targets[0] >= HALF].map((isOne) => (isOne ? one : none));
  return { chance: a[0], of: one, says, target, isRight: a[0] >= HALF === targets[0] >= HALF };
}

/**
 * Return the answer for a row as a sentence, in the units of the dataset; null where the trace has no plain numbers.
 *
 * @param {import("../api/answers.js").Job} job
 * @param {import("./numbers.js").Numbers} numbers
 * @returns {string | null}
 */
export function answerSentence(job, numbers) {
  const chance = chanceOf(job, numbers);
  const rightness = (/** @type {boolean} */ isRight) => (isRight ? "right" : "wrong");
  if (chance) return `The chance of ${chance.of} is ${number(chance.chance, 3)}, so it answers ${chance.says}: ${rightness(chance.isRight)}, the target is ${chance.target}.`;
  const { a } = numbers.layers[numbers.layers.length - 1];
  const { targets } = numbers;
  if (a === null || a.length !== targets.length || a.some((each) => typeof each !== "number")) return null;
  const { kind, classes } = job.targets ?? {};
  if (kind === "classes" && classes?.length === a.length) {
    const [says, target] = [a, targets].map((values) => values.indexOf(Math.max(...values)));
    const [answer, wanted] = [says, target].map((index) => shortened(String(classes[index]), 20));
    return `The largest output is that of ${answer}, ${number(a[says], 3)}, so it answers ${answer}: ${says === target ? "right." : `wrong, the target is ${wanted}.`}`;
  }
  if (kind === "classes" || a.length > MOST_VALUES) return null;
  const list = (/** @type {number[]} */ values) => values.map((value, index) => number(inOwnUnits(job, value, index), 3)).join(", ");
  return `It answers ${list(a)}; the target is ${list(targets)}.`;
}

/** @param {import("../api/answers.js").Job} job */
function activationOf({ network: { layers } }) {
  return layers[layers.length - 1].activation;
}

/**
 * Return a value of an output before preprocessing scaled it.
 *
 * @param {import("../api/answers.js").Job} job
 * @param {number} value
 * @param {number} index of the output
 */
function inOwnUnits(job, value, index) {
  const { offset = 0, divisor = 1 } = job.training.preprocessing?.fitted?.targets?.[index] ?? {};
  return value * divisor + offset;
}
