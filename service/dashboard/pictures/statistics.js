/** The ranges of a dataset's columns, in its own units. */

import { domainOf } from "../parts/scale.js";

/** @type {import("../parts/scale.js").Domain} */
const WITHOUT_VALUES = [0, 1];

/**
 * @typedef {object} Statistics
 * @property {(name: string) => [number, number]} domain  of an input, with a margin
 * @property {(name: string) => [number, number]} target  of a target, without one
 * @property {[number, number]} inputs  the least and the largest number of all inputs
 */

/**
 * @param {{name: string, role: string, minimum: number | null, maximum: number | null}[]} columns of a dataset's answer
 * @param {string[]} names of the inputs
 * @returns {Statistics}
 */
export function statisticsOf(columns, names) {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const range = (/** @type {string} */ name) => [byName.get(name)?.minimum ?? null, byName.get(name)?.maximum ?? null];
  return {
    domain: (name) => domainOf(range(name), 0.08) ?? WITHOUT_VALUES,
    target: (name) => domainOf(byName.has(name) ? range(name) : columns.filter(({ role }) => role === "target").flatMap(({ name: each }) => range(each))) ?? WITHOUT_VALUES,
    inputs: domainOf(names.flatMap(range)) ?? WITHOUT_VALUES,
  };
}
