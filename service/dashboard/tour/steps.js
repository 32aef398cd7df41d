/** The steps of the tour as data: what each says, what it shows, and what has to be true of the job for it to be right. */

import { MANY, PLACE, TARGETS } from "./gun.js";

/** @typedef {import("./facts.js").Facts} Facts */
/**
 * @typedef {object} Step
 * @property {string} id
 * @property {string} title
 * @property {string} text  `{name}` is replaced by that number of the facts, or by that name of `NAMED`
 * @property {string} [after]  the text once the round has been fired that it asks about
 * @property {"forward" | "shot" | "backward" | "guess" | "step" | "rounds" | "target" | "predictions"} shows
 * @property {string[]} reads  which answers of the API it needs, by their names in `READS`
 * @property {number} needs  how many rounds have to be fired before
 * @property {{says: string, holds: (facts: Facts) => boolean}} claim  what is checked against the API's numbers
 */

const CLOSE = 1e-9;

/** Units and weights that texts name, in the notation that the reader has chosen. */
export const NAMED = /** @type {Record<string, {layer: number, unit: number, input?: number}>} */ ({
  unit_1: { layer: 0, unit: 0 },
  unit_2: { layer: 1, unit: 0 },
  weight_name: PLACE,
});

/** @type {Step[]} */
export const STEPS = [
  {
    id: "forward",
    title: "The signal runs forward",
    text: "The task is XOR: the output is to be 1 where just one of two inputs is 1. A row enters at the left: the inputs 1 and 0. Each unit adds up what comes in, each part times the weight of its connection, and its bias. That way {unit_1} gets {z} and passes on {a}, its tanh. So it goes layer by layer, until the output answers {output}.",
    shows: "forward",
    reads: ["shot"],
    needs: 0,
    claim: {
      says: "The first hidden unit passes on the tanh of its sum, and the output the sigmoid of its own.",
      holds: ({ z, a, z_output, output }) => isClose(a, Math.tanh(z)) && isClose(output, 1 / (1 + Math.exp(-z_output))),
    },
  },
  {
    id: "error",
    title: "The error is measured",
    text: "The network is like a gunner: the inputs say which target is called for, and the output {output} is where the shot lands. The target is {target}. The error is the distance between them, and the loss is half its square: {loss}.",
    shows: "shot",
    reads: ["shot"],
    needs: 0,
    claim: { says: "The loss is half the square of the distance.", holds: ({ output, target, loss }) => isClose(loss, (output - target) ** 2 / 2) },
  },
  {
    id: "backward",
    title: "The error runs back, last layer first",
    text: "A partial derivative says how much the loss changes when one number changes a little and all others stay. A unit's delta is that for its sum. The output's delta is {delta_output}: output minus target, times its slope, {slope_output}. For {unit_2}, the first unit of the second hidden layer, it is that delta, times the weight between them, {weight}, times its own slope, {slope_hidden}: {delta_hidden}.",
    shows: "backward",
    reads: ["shot"],
    needs: 0,
    claim: {
      says: "Both deltas are these products.",
      holds: ({ output, target, slope_output, delta_output, weight, slope_hidden, delta_hidden }) =>
        isClose(delta_output, (output - target) * slope_output) && isClose(delta_hidden, delta_output * weight * slope_hidden),
    },
  },
  {
    id: "tangent",
    title: "Each parameter moves along its tangent",
    text: "This curve is the loss over all four rows as one weight changes and all others stay: {weight_name}. It stands at {value}, where the ring is. Each round, which is an epoch of training, moves it towards less loss: will it become larger or smaller?",
    after: "This curve is the loss over all four rows as one weight changes and all others stay: {weight_name}. Before the first round it stood at {value}, where the ring is; the round, which is an epoch of training, moved it along the tangent.",
    shows: "guess",
    reads: ["slope"],
    needs: 0,
    claim: { says: "The step goes against the slope: minus the learning rate times the slope.", holds: ({ step, rate, slope }) => isClose(step, -rate * slope) },
  },
  {
    id: "step",
    title: "One round, less error",
    text: "All 25 parameters moved at once, each along its own tangent. The tangents promised a change of the loss of {predicted}; it really changed by {actual}, as the curves bend. The loss went from {loss_before} to {loss_after}, and the weight from {value} to {value_after}.",
    shows: "step",
    reads: ["round", "next", "slope", "moved"],
    needs: 1,
    claim: {
      says: "The loss is lower by the actual change, and the weight moved by its step.",
      holds: ({ loss_before, loss_after, actual, value, value_after, step }) =>
        loss_after < loss_before && isClose(loss_after - loss_before, actual) && isClose(value_after - value, step),
    },
  },
  {
    id: "rounds",
    title: "Many rounds",
    text: "One round changes little. So the gunner fires again and again, and after each round the error is measured and every wheel is turned a little. After {rounds} rounds the loss is {loss_end}; before the first it was {loss_before}.",
    shows: "rounds",
    reads: ["round", "end"],
    needs: MANY,
    claim: { says: "The loss is less than a twentieth of what it was.", holds: ({ loss_before, loss_end }) => loss_end < loss_before / 20 },
  },
  {
    id: "target",
    title: "The shot is on target",
    text: "The same row again, inputs 1 and 0. Before the first round the shot landed at {first_2}; now it lands at {last_2}, next to the target {target}. Nobody told the network how: it only followed its slopes.",
    shows: "target",
    reads: ["first", "last"],
    needs: MANY,
    claim: { says: "The shot is nearer to the target than the first one.", holds: ({ first_2, last_2, target }) => Math.abs(last_2 - target) < Math.abs(first_2 - target) },
  },
  {
    id: "predictions",
    title: "Predictions",
    text: "Now the network is of use: the signal runs forward only, and no parameter moves any more. For the four rows it answers {last_0}, {last_1}, {last_2} and {last_3}. Rounded, these are the targets: 1 where just one of the inputs is 1.",
    shows: "predictions",
    reads: ["first", "last"],
    needs: MANY,
    claim: { says: "Each rounded prediction is its target.", holds: (facts) => TARGETS.every((target, row) => Math.round(facts[`last_${row}`]) === target) },
  },
];

/**
 * Return the step that the address names, counted from 1; the first for anything else.
 *
 * @param {string | undefined} text
 */
export function stepNumber(text) {
  const number = Number(text);
  return Number.isInteger(number) && number >= 1 && number <= STEPS.length ? number : 1;
}

/**
 * Return a text in pieces: words as they are, and names of numbers.
 *
 * @param {string} text
 * @returns {{words: string, name: string | null}[]}
 */
export function piecesOf(text) {
  return text.split(/\{(\w+)\}/).map((piece, index) => (index % 2 ? { words: "", name: piece } : { words: piece, name: null }));
}

/**
 * @param {number} a
 * @param {number} b
 */
function isClose(a, b) {
  return Math.abs(a - b) <= CLOSE * Math.max(1, Math.abs(a), Math.abs(b));
}
