/** The chosen weight as the address has it: `0.3.2` is the weight of layer 0 from input 3 to unit 2, all counted from 0. */

/** @typedef {import("./notation.js").WeightPlace} WeightPlace */

/**
 * Return the place that an address names, null where it names none.
 *
 * @param {string | undefined} text
 * @returns {WeightPlace | null} `0.bias.2`, or `0.b.2`, is the bias of unit 2
 */
export function placeOfEdge(text) {
  const found = /^(\d{1,9})\.(\d{1,9}|bias|b)\.(\d{1,9})$/.exec(text ?? "");
  if (!found) return null;
  return { layer: Number(found[1]), input: found[2].startsWith("b") ? null : Number(found[2]), unit: Number(found[3]) };
}

/**
 * Return how an address names a place.
 *
 * @param {WeightPlace} place
 */
export function edgeOfPlace({ layer, input, unit }) {
  return `${layer}.${input ?? "bias"}.${unit}`;
}
