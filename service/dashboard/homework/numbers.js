/** Numbers as people write them into a worksheet, and the claim that is made of them. */

import { isNielsen, quantityName, weightName } from "../parts/notation.js";

/**
 * @typedef {object} Blank  a number that is left out, as in a worksheet's answer
 * @property {number} number
 * @property {string} pointer  into a claim: `#/claim/deltas/1/0/2`
 * @property {string} array
 * @property {number} layer
 * @property {string} [parameter]
 * @property {number[]} index
 * @property {string} name
 * @property {string} of
 */
/** @typedef {{array: string, layer: number, parameter?: string, title: string, equations: string[], shape: number[], blanks: Blank[]}} Section */

const WRITTEN = /^[-+]?(\d+([.,]\d*)?|[.,]\d+)(e[-+]?\d{1,3})?$/i;

/**
 * Return the number that somebody has written, with a point or a comma; null for nothing, and NaN for what is no number.
 *
 * @param {string} text
 */
export function numberOf(text) {
  const plain = text.trim().replaceAll("−", "-").replaceAll("–", "-");
  if (plain === "") return null;
  return WRITTEN.test(plain) ? Number(plain.replace(",", ".")) : Number.NaN;
}

/**
 * Return the claim of what is filled in, with null for all other numbers; null if nothing is.
 *
 * @param {Section[]} sections
 * @param {Record<string, string>} written by pointer
 * @param {number} layers how many there are
 */
export function claimOf(sections, written, layers) {
  /** @type {Record<string, any[]>} */
  const claim = {};
  for (const { array, layer, parameter, shape, blanks } of sections) {
    const filled = blanks.filter(({ pointer }) => numberOf(written[pointer] ?? "") !== null);
    if (filled.length === 0) continue;
    const values = emptyOf(shape);
    for (const { index, pointer } of filled) put(values, index, numberOf(written[pointer] ?? ""));
    claim[array] ??= Array(layers).fill(null);
    claim[array][layer] = parameter ? { ...claim[array][layer], [parameter]: values } : values;
  }
  return Object.keys(claim).length ? claim : null;
}

/**
 * Return how a blank is called.
 *
 * @param {Blank} blank
 * @param {string | undefined} notation
 */
export function nameOf({ array, layer, parameter, index, of }, notation) {
  if (!isNielsen(notation)) return of;
  if (array === "deltas") return quantityName("delta", { layer, unit: index[1] }, notation);
  if (parameter === "weights" && index.length === 2) return `∂C/∂${weightName({ layer, input: index[0], unit: index[1] }, notation)}`;
  if (parameter === "biases") return `∂C/∂${weightName({ layer, input: null, unit: index[0] }, notation)}`;
  return of;
}

/**
 * @param {number[]} shape
 * @returns {any[]}
 */
function emptyOf([length, ...rest]) {
  return Array.from({ length }, () => (rest.length ? emptyOf(rest) : null));
}

/**
 * @param {any[]} values
 * @param {number[]} index
 * @param {number | null} value
 */
function put(values, index, value) {
  const row = index.slice(0, -1).reduce((array, at) => array[at], values);
  row[index[index.length - 1]] = value;
}
