/** Which units of each layer are drawn, and where: columns from the inputs to the outputs. */

/** @typedef {import("./numbers.js").Numbers} Numbers */
/**
 * @typedef {object} Column
 * @property {number} layer  -1 has the inputs
 * @property {number} size  how many units the layer has
 * @property {number[]} units  those that are drawn, ascending
 * @property {string} choice  in words, of which they are: "" where all are drawn
 */
/** @typedef {{layer: number, unit: number, x: number, y: number}} Node */
/** @typedef {{layer: number, input: number, unit: number, joins: boolean, from: Node, to: Node}} Edge  `joins` is false where a unit has one input and no weight */

export const MOST_UNITS = 16;
const MARGIN = { top: 44, bottom: 30 };
const NARROW = 500; // pixels; below, everything is closer together
const MOST_GAP = 230;

/**
 * Return the columns of a network.
 *
 * @param {Numbers} numbers
 * @param {{most?: number, by?: string, edge?: {layer: number, input: number | null, unit: number} | null}} options `by` is
 *   `first`, or `largest`: of the inputs the largest values, of other layers the largest deltas; `edge` is drawn in any case
 * @returns {Column[]}
 */
export function columnsOf(numbers, { most = MOST_UNITS, by = "largest", edge = null } = {}) {
  const sizes = [numbers.inputs.length, ...numbers.layers.map(({ size }) => size)];
  return sizes.map((size, index) => {
    const layer = index - 1;
    if (size <= most) return { layer, size, units: [...Array(size).keys()], choice: "" };
    const values = layer < 0 ? numbers.inputs : numbers.layers[layer].delta ?? numbers.layers[layer].a;
    const byValue = by === "largest" && values !== null;
    const wanted = edge === null ? null : edge.layer === layer ? edge.unit : edge.layer - 1 === layer ? edge.input : null;
    const units = byValue ? largest(values, most) : [...Array(most).keys()];
    if (wanted !== null && wanted < size && !units.includes(wanted)) units[units.length - 1] = wanted;
    const what = layer < 0 ? "the largest values" : numbers.layers[layer].delta ? "the largest |delta|" : "the largest activations";
    return { layer, size, units: units.sort((a, b) => a - b), choice: byValue ? what : "the first" };
  });
}

/**
 * Return the indices of the largest numbers by size; earlier ones first among equals.
 *
 * @param {(number | null | undefined)[]} values
 * @param {number} most
 */
export function largest(values, most) {
  const size = (/** @type {number} */ index) => Math.abs(values[index] ?? 0);
  return [...values.keys()].sort((a, b) => size(b) - size(a) || a - b).slice(0, most);
}

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {number} radius  of a node
 * @property {Node[]} nodes
 * @property {Edge[]} edges
 * @property {number[]} xs  of the columns
 */

/**
 * Return where everything is drawn.
 *
 * @param {Column[]} columns
 * @param {Numbers} numbers
 * @param {number} available how wide the drawing may be, in pixels; it is wider where it would not be legible
 * @returns {Layout}
 */
export function layoutOf(columns, numbers, available) {
  const tallest = Math.max(...columns.map(({ units }) => units.length), 2);
  const [isTall, isNarrow] = [tallest > 8, available < NARROW];
  const radius = isTall ? 17 : isNarrow ? 20 : 24;
  const spacing = isTall ? 42 : tallest > 4 ? 74 : 100;
  const left = isTall ? 92 : isNarrow ? 38 : 66;
  const right = isNarrow ? 104 : 118;
  const room = (available - left - right) / Math.max(columns.length - 1, 1);
  const gap = Math.min(Math.max(room, isNarrow ? 78 : 100), isTall ? MOST_GAP * 1.5 : MOST_GAP);
  const height = MARGIN.top + MARGIN.bottom + tallest * spacing;
  const xs = columns.map((_, index) => left + index * gap);
  const nodes = columns.flatMap(({ layer, units }, index) =>
    units.map((unit, order) => ({
      layer,
      unit,
      x: xs[index],
      y: MARGIN.top + (tallest * spacing) / 2 + (order - (units.length - 1) / 2) * spacing,
    })),
  );
  const width = Math.max(xs[xs.length - 1] + right, Math.min(available, 320));
  return { width, height, radius, nodes, edges: edgesOf(nodes, numbers), xs };
}

/**
 * @param {Node[]} nodes
 * @param {Numbers} numbers
 * @returns {Edge[]}
 */
function edgesOf(nodes, numbers) {
  return nodes.flatMap((to) => {
    if (to.layer < 0) return [];
    const { joins } = numbers.layers[to.layer];
    return nodes
      .filter((from) => from.layer === to.layer - 1 && (joins || from.unit === to.unit))
      .map((from) => ({ layer: to.layer, input: from.unit, unit: to.unit, joins, from, to }));
  });
}

/**
 * Return how wide a line of a size is: from 0.75 to 5.5, in proportion to the largest.
 *
 * @param {number | null} value
 * @param {number} most the largest size
 */
export function widthOf(value, most) {
  return value === null || most === 0 ? 0.75 : 0.75 + 4.75 * Math.min(Math.abs(value) / most, 1);
}

/**
 * Return how strong the colour of a number is, from 0 to 1, in proportion to the largest.
 *
 * @param {number | null} value
 * @param {number} most
 */
export function strengthOf(value, most) {
  return value === null || most === 0 ? 0 : Math.min(Math.abs(value) / most, 1);
}

/** @param {number | null} value */
export function signOf(value) {
  return value === null || value === 0 ? "zero" : value > 0 ? "positive" : "negative";
}

/**
 * Return the largest size among numbers, 0 where there are none.
 *
 * @param {(number | null)[]} values
 */
export function most(values) {
  return values.reduce((/** @type {number} */ found, value) => Math.max(found, Math.abs(value ?? 0)), 0);
}
