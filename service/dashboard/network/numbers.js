/** What a trace of one row says of each layer, as plain lists; what it only summarises is null. */

/**
 * @typedef {object} LayerNumbers
 * @property {string} type
 * @property {number} size  how many units
 * @property {number[] | null} z  weighted inputs
 * @property {number[] | null} a  activations
 * @property {number[] | null} delta  dC/dz
 * @property {boolean} fused  whether delta is computed at once as a - y
 * @property {number[][] | null} weights  by input and unit; null where the layer joins each unit to one input alone
 * @property {number[] | null} biases
 * @property {number[][] | null} weightGradients
 * @property {number[] | null} biasGradients
 * @property {number[][] | null} weightsAfter
 * @property {number[] | null} biasesAfter
 * @property {boolean} joins  whether every input leads to every unit
 */
/**
 * @typedef {object} Numbers
 * @property {(number | undefined)[]} inputs  undefined where the trace summarises them
 * @property {number[]} targets
 * @property {number | null} loss
 * @property {LayerNumbers[]} layers
 */

/**
 * Return the numbers of a trace of a single row.
 *
 * @param {any} trace the answer of `:trace`
 * @param {{inputs: number, layers: {type: string}[]}} network the job's
 * @param {any} [stored] the answer of `/parameters`, for weights that the trace summarises
 * @returns {Numbers}
 */
export function numbersOf(trace, network, stored) {
  const backward = byLayer(trace.backward);
  const update = byLayer(trace.update ?? []);
  const layers = trace.forward.map((/** @type {any} */ forward) => {
    const { layer, type } = forward;
    const back = backward.get(layer) ?? {};
    const step = update.get(layer) ?? {};
    const parameters = stored?.layers[layer] ?? {};
    const activations = row(forward.activations);
    return {
      type,
      size: activations?.length ?? sizeOf(forward.activations),
      z: row(forward.weighted_inputs),
      a: activations,
      delta: row(back.delta),
      fused: back.fused ?? false,
      weights: table(step.before?.weights) ?? table(parameters.weights),
      biases: list(step.before?.biases) ?? list(parameters.biases),
      weightGradients: table(back.gradients?.weights),
      biasGradients: list(back.gradients?.biases),
      weightsAfter: table(step.after?.weights),
      biasesAfter: list(step.after?.biases),
      joins: network.layers[layer].type === "dense",
    };
  });
  return { inputs: row(trace.inputs) ?? Array(network.inputs).fill(undefined), targets: row(trace.targets) ?? [], loss: trace.loss, layers };
}

/**
 * Return the number that leads into a layer from a unit before it.
 *
 * @param {Numbers} numbers
 * @param {number} layer
 * @param {number} input
 */
export function incoming(numbers, layer, input) {
  return (layer === 0 ? numbers.inputs : numbers.layers[layer - 1].a)?.[input] ?? null;
}

/**
 * Return the gradient of a weight: as the trace has it, else by BP4 from the numbers that it has. Without these it is undefined.
 *
 * @param {Numbers} numbers
 * @param {import("../parts/notation.js").WeightPlace} place
 */
export function gradientOf(numbers, { layer, input, unit }) {
  const own = numbers.layers[layer];
  if (input === null) return own.biasGradients?.[unit] ?? own.delta?.[unit];
  if (own.weightGradients) return own.weightGradients[input][unit];
  const [from, delta] = [incoming(numbers, layer, input), own.delta?.[unit] ?? null];
  return own.joins && from !== null && delta !== null ? from * delta : undefined;
}

/**
 * Return how many parameters a network has, from its definition.
 *
 * @param {{inputs: number, layers: {type: string, units?: number}[]}} network
 */
export function parametersOf({ inputs, layers }) {
  let [before, total] = [inputs, 0];
  for (const { type, units } of layers) {
    if (type === "dense" && units) {
      total += (before + 1) * units;
      before = units;
    } else if (type.includes("norm")) {
      total += 2 * before;
    }
  }
  return total;
}

/** @param {any[]} entries */
function byLayer(entries) {
  return new Map(entries.map((entry) => [entry.layer, entry]));
}

/** @param {any} value */
function list(value) {
  return Array.isArray(value) && !Array.isArray(value[0]) ? value : null;
}

/** @param {any} value */
function table(value) {
  return Array.isArray(value) && Array.isArray(value[0]) ? value : null;
}

/** @param {any} value rows by units */
function row(value) {
  return table(value)?.[0] ?? null;
}

/** @param {any} summary */
function sizeOf(summary) {
  const shape = summary?.shape ?? [0];
  return shape[shape.length - 1];
}
