/** Networks and data to begin with, each as the body of `POST /v1/jobs`: settings first, rows last. */

import { DIGITS } from "./digits.js";
import { IRIS } from "./iris.js";

/**
 * @typedef {object} Preset
 * @property {string} id  in the address
 * @property {string} title
 * @property {string} sentence  what it is, on its card
 * @property {string} about  what it shows, in a sentence or two
 * @property {() => any} body
 */

/** @type {(units: number, activation: string) => any} */
const dense = (units, activation) => ({ type: "dense", units, activation });

/** @type {Preset[]} */
export const PRESETS = [
  {
    id: "xor",
    title: "XOR",
    sentence: "Which of two bits differ: too much for one neuron, easy for three.",
    about: "Four rows; the output is 1 when exactly one of two inputs is 1. A single neuron cannot do that, three hidden ones can.",
    body: () => ({
      network: { layers: [dense(3, "tanh"), dense(1, "sigmoid")] },
      model: "xor",
      training: {
        loss: "quadratic",
        optimizer: { type: "sgd", learning_rate: 0.5, momentum: 0.9 },
        epochs: 2000, batch_size: 4, seed: 1, metrics: ["accuracy"],
      },
      dataset: { name: "example-xor", inputs: numbersOf(2), targets: numbersOf(2).map(([a, b]) => [a === b ? 0 : 1]) },
    }),
  },
  {
    id: "symmetry",
    title: "symmetry",
    sentence: "Six bits that mirror each other or do not: two hidden units find it out.",
    about: "All 64 rows of six bits; the output is 1 when the second half mirrors the first. Two hidden units are enough, as Rumelhart, Hinton and Williams showed in 1986: look at their weights, which become equal and opposite about the middle.",
    body: () => ({
      network: {
        layers: [dense(2, "sigmoid"), dense(1, "sigmoid")].map((layer) => ({ ...layer, initializer: { type: "uniform", minimum: -0.3, maximum: 0.3 } })),
      },
      model: "symmetry",
      training: {
        loss: "quadratic",
        optimizer: { type: "sgd", learning_rate: 3, momentum: 0.9 },
        epochs: 3000, batch_size: 64, seed: 2, metrics: ["accuracy"],
        preprocessing: { numbers: "none" },
      },
      dataset: { name: "example-symmetry", inputs: numbersOf(6), targets: numbersOf(6).map((bits) => [isSymmetric(bits) ? 1 : 0]) },
    }),
  },
  {
    id: "spirals",
    title: "two spirals",
    sentence: "Points on two arms that wind about each other: a boundary that bends.",
    about: "194 points on two spirals that wind around each other (Lang and Witbrock, 1988). The network has to bend its boundary three times around the centre.",
    body: () => ({
      network: { layers: [dense(24, "tanh"), dense(24, "tanh"), dense(1, "sigmoid")] },
      model: "spirals",
      training: {
        loss: "binary_cross_entropy",
        optimizer: { type: "adam", learning_rate: 0.01 },
        epochs: 1500, batch_size: 32, seed: 1, metrics: ["accuracy"], validation: null,
      },
      dataset: { name: "example-spirals", ...spirals() },
    }),
  },
  {
    id: "iris",
    title: "iris",
    sentence: "Flowers of three species by four lengths, with rows held back to validate.",
    about: "150 flowers of three species, distinguished by four lengths (R. A. Fisher, 1936). A fifth of them is held back to validate.",
    body: () => ({
      network: { layers: [dense(8, "tanh"), dense(3, "softmax")] },
      model: "iris",
      training: {
        loss: "categorical_cross_entropy",
        optimizer: { type: "adam", learning_rate: 0.01 },
        epochs: 200, batch_size: 16, seed: 1, metrics: ["accuracy"],
        validation: { fraction: 0.2 },
      },
      dataset: { name: "example-iris", columns: IRIS.columns, rows: IRIS.rows() },
    }),
  },
  {
    id: "digits",
    title: "digits",
    sentence: "Handwritten digits of 8 by 8 pixels, to be read, and to draw yourself.",
    about: `${DIGITS.count} digits written by hand, 8 by 8 pixels: the first of the 1,797 that E. Alpaydin and C. Kaynak published in 1998 (UCI Machine Learning Repository, CC BY 4.0). They are few, so validation shows how well unseen digits are read.`,
    body: () => ({
      network: { layers: [dense(32, "relu"), dense(10, "softmax")] },
      model: "digits",
      training: {
        loss: "categorical_cross_entropy",
        optimizer: { type: "sgd", learning_rate: 0.1, momentum: 0.9 },
        epochs: 40, batch_size: 32, seed: 1, metrics: ["accuracy"],
        validation: { fraction: 0.2 },
      },
      dataset: { name: "example-digits", inputs: DIGITS.inputs(), targets: DIGITS.targets(), scale: 16, target_type: "class" },
    }),
  },
];

/**
 * Return the preset of an id, by default the first.
 *
 * @param {string | undefined} id
 */
export function presetOf(id) {
  return PRESETS.find((preset) => preset.id === id) ?? PRESETS[0];
}

/**
 * Return the body of a job on a dataset of the service, with a network whose output fits whatever the targets are.
 *
 * @param {string} dataset
 */
export function bodyOn(dataset) {
  return { network: { hidden: [16] }, training: { optimizer: { type: "adam", learning_rate: 0.01 }, epochs: 100 }, dataset };
}

/**
 * Return all rows of so many bits, counting upwards.
 *
 * @param {number} bits
 */
export function numbersOf(bits) {
  return Array.from({ length: 2 ** bits }, (_, value) => Array.from({ length: bits }, (_, place) => (value >> (bits - 1 - place)) & 1));
}

/** @param {number[]} bits */
function isSymmetric(bits) {
  return bits.every((bit, index) => bit === bits[bits.length - 1 - index]);
}

/** Return the points of two spirals, 97 each, which make three turns from the outside to the centre. */
export function spirals() {
  const inputs = [];
  const targets = [];
  for (let step = 0; step < 97; step += 1) {
    const angle = (step * Math.PI) / 16;
    const radius = (104 - step) / 104;
    const [x, y] = [radius * Math.sin(angle), radius * Math.cos(angle)].map((value) => Number(value.toFixed(4)) + 0); // + 0: no -0
    inputs.push([x, y], [0 - x, 0 - y]);
    targets.push([1], [0]);
  }
  return { inputs, targets };
}
