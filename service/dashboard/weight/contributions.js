/** What each parameter contributes to the change of the loss, read from a trace: the largest, and the others together. */

/** @typedef {import("../parts/notation.js").WeightPlace} WeightPlace */
/** @typedef {{place: WeightPlace | null, name: string | null, value: number}} Contribution  name of what is no weight or bias */
/** @typedef {{zero: number, unit: number}} BarScale  where zero is, and how long 1 is, in a width of 100 */
/** @typedef {{largest: Contribution[], others: {count: number, value: number} | null, sum: number}} Contributions */

/**
 * Return the contributions of a trace's update.
 *
 * @param {any[]} update of the trace, by layer
 * @param {number} most how many are listed one by one
 * @returns {Contributions}
 */
export function contributionsOf(update, most) {
  const least = leastCertain(update);
  const listed = update
    .flatMap((layer) => Object.entries(layer.contribution ?? {}).flatMap(([name, array]) => listOf(layer.layer, name, array)))
    .filter(({ value }) => Math.abs(value) >= least);
  const sum = update.reduce((total, layer) => total + (layer.contributions_together ?? 0), 0);
  const size = update.reduce((total, layer) => total + Object.values(layer.contribution ?? {}).reduce((all, array) => all + sizeOf(array), 0), 0);
  const sorted = [...listed].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const largest = sorted.slice(0, size <= most + 1 ? most + 1 : most);
  const shown = largest.reduce((total, each) => total + each.value, 0);
  const count = size - largest.length;
  return { largest, others: count > 0 ? { count, value: sum - shown } : null, sum };
}

/**
 * Return the entries of an array of a layer; of a summarised one the largest, which the service names.
 *
 * @param {number} layer
 * @param {string} name
 * @param {any} array
 * @returns {Contribution[]}
 */
function listOf(layer, name, array) {
  if (!Array.isArray(array)) {
    return array.largest.map((/** @type {any} */ each) => ({ ...namedAt(layer, name, each.index), value: each.value }));
  }
  return array.flatMap((row, first) =>
    Array.isArray(row)
      ? row.map((value, unit) => ({ ...namedAt(layer, name, [first, unit]), value: value ?? 0 }))
      : [{ ...namedAt(layer, name, [first]), value: row ?? 0 }],
  );
}

/**
 * @param {number} layer
 * @param {string} name
 * @param {number[]} index
 * @returns {{place: WeightPlace | null, name: string | null}}
 */
function namedAt(layer, name, index) {
  if (name === "weights" && index.length === 2) return { place: { layer, input: index[0], unit: index[1] }, name: null };
  if (name === "biases") return { place: { layer, input: null, unit: index[0] }, name: null };
  return { place: null, name: `${name} ${index.map((each) => each + 1).join(", ")} of layer ${layer + 1}` };
}

/**
 * Return the size below which a summarised array may have entries that it does not name; 0 if none is summarised.
 *
 * @param {any[]} update
 */
function leastCertain(update) {
  const summarised = update.flatMap((layer) => Object.values(layer.contribution ?? {}).filter((array) => !Array.isArray(array)));
  return Math.max(0, ...summarised.map(({ largest }) => Math.abs(largest[largest.length - 1].value)));
}

/** @param {any} array */
function sizeOf(array) {
  if (Array.isArray(array)) return array.flat().length;
  return array.shape.reduce((/** @type {number} */ product, /** @type {number} */ each) => product * each, 1);
}

/**
 * Return the scale on which bars of all values have room on both sides of zero.
 *
 * @param {number[]} values
 * @returns {BarScale}
 */
export function barScale(values) {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const unit = 100 / (high - low || 1);
  return { zero: (0 - low) * unit, unit };
}
