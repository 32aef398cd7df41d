/** Which weight is chosen: as the address has it (`edge`), as the API takes it, and what there is to choose from. */

import { edgeOfPlace, placeOfEdge } from "../parts/edge.js";

/** @typedef {import("../parts/notation.js").WeightPlace} WeightPlace  input null is the unit's bias */
/** @typedef {{inputs: number, layers: {type: string, units?: number, activation?: string}[]}} Network  as in a job's answer */
/** @typedef {{layer: number, inputs: number, units: number}} DenseLayer */

/**
 * Return the layers that have weights, with how many inputs and units they have.
 *
 * @param {Network} network
 * @returns {DenseLayer[]}
 */
export function denseLayers({ inputs, layers }) {
  let width = inputs;
  return layers.flatMap(({ type, units }, layer) => {
    const found = type === "dense" ? [{ layer, inputs: width, units: units ?? width }] : [];
    width = units ?? width;
    return found;
  });
}

/**
 * Return the weight that the address names, `layer.input.unit` or `layer.bias.unit`; null if the network has none such.
 *
 * @param {string | undefined} text
 * @param {Network} network
 * @returns {WeightPlace | null}
 */
export function placeOf(text, network) {
  const place = placeOfEdge(text);
  const dense = denseLayers(network).find((each) => each.layer === place?.layer);
  return place && dense && place.unit < dense.units && (place.input ?? 0) < dense.inputs ? place : null;
}

/**
 * Return the query of `/slope` for a weight.
 *
 * @param {WeightPlace} place
 */
export function slopeQuery({ layer, input, unit }) {
  return input === null ? { layer, bias: unit } : { layer, weight: `${input},${unit}` };
}

/**
 * Return a weight as `/surface` takes it.
 *
 * @param {WeightPlace} place
 */
export function axisOf({ layer, input, unit }) {
  return `${layer},${input ?? "bias"},${unit}`;
}

/**
 * Return whether two places are the same.
 *
 * @param {WeightPlace} a
 * @param {WeightPlace} b
 */
export function isSame(a, b) {
  return edgeOfPlace(a) === edgeOfPlace(b);
}

/**
 * Return the weight that is shown where none is chosen: the first of the last layer with weights, where the error is known first.
 *
 * @param {Network} network
 * @returns {WeightPlace}
 */
export function firstPlace(network) {
  const dense = denseLayers(network);
  return { layer: dense[dense.length - 1].layer, input: 0, unit: 0 };
}

/**
 * Return another weight than the given one: of the same unit where it has one, for the other axis of a surface.
 *
 * @param {WeightPlace} place
 * @param {Network} network
 * @returns {WeightPlace}
 */
export function neighbour(place, network) {
  const dense = /** @type {DenseLayer} */ (denseLayers(network).find((each) => each.layer === place.layer));
  if (place.input === null) return { ...place, input: 0 };
  return { ...place, input: dense.inputs === 1 ? null : (place.input + 1) % dense.inputs };
}

/**
 * Return whether a job's network has weights that can be chosen.
 *
 * @param {import("../parts/job_data.js").Job} job
 */
export function hasWeights(job) {
  return denseLayers(job.network).length > 0;
}
