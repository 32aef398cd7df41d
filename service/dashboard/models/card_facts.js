/** The settings of a card in words: nested objects on one line, what was left at "none" left out. */

import { counted } from "../parts/format.js";

const OMITTED = ["metrics", "rows", "precision"];

/**
 * Return settings as names with texts.
 *
 * @param {Record<string, any>} training
 * @returns {[string, string][]}
 */
export function settingsOf(training) {
  return Object.entries(training)
    .filter(([name, value]) => !OMITTED.includes(name) && textOf(value) !== "")
    .map(([name, value]) => [name.replaceAll("_", " "), textOf(value)]);
}

/**
 * Return a value on one line; empty for null, and for an object of nothing but null.
 *
 * @param {any} value
 * @returns {string}
 */
export function textOf(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  if (typeof value !== "object") return String(value);
  const { type, ...rest } = value;
  const parts = Object.entries(rest).map(([name, each]) => [name, textOf(each)]).filter(([, text]) => text !== "");
  return [type, ...parts.map(([name, text]) => `${name.replaceAll("_", " ")} ${text}`)].filter(Boolean).join(", ");
}

/**
 * Return the size of a layer in words.
 *
 * @param {any} layer
 */
export function sizesOf(layer) {
  if (layer.units !== undefined) return counted(layer.units, "unit");
  if (layer.filters !== undefined) return `${layer.filters} filters of ${textOf(layer.kernel_size ?? layer.size)}`;
  return layer.output === undefined ? "–" : textOf(layer.output).replaceAll(", ", " × ");
}
