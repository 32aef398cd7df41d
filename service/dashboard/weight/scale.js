/** Axes of drawings: which values are marked, and where a value is. */

import { number } from "../parts/format.js";

/** @typedef {[number, number]} Range */

/**
 * Return round values within a range, evenly apart: about as many as wanted.
 *
 * @param {Range} range
 * @param {number} [wanted]
 */
export function ticks([low, high], wanted = 5) {
  if (!(high > low)) return [low];
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * /** @type {number} */ ([1, 2, 5, 10].find((each) => rough / power <= each * 1.5));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/**
 * Return what takes a value of a range to its place between two pixels.
 *
 * @param {Range} range
 * @param {Range} pixels
 * @returns {(value: number) => number}
 */
export function scaled([low, high], [first, last]) {
  const extent = high - low || 1;
  return (value) => first + ((value - low) / extent) * (last - first);
}

/**
 * Return the least and the greatest of the finite values, with a share of their distance added on either side; null without any.
 *
 * @param {(number | null | undefined)[]} values
 * @param {number} [margin]
 * @returns {Range | null}
 */
export function rangeOf(values, margin = 0) {
  const finite = /** @type {number[]} */ (values.filter((value) => typeof value === "number" && Number.isFinite(value)));
  if (finite.length === 0) return null;
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const added = (high - low) * margin || (high === low ? Math.abs(high) * 0.1 || 0.5 : 0);
  return [low - added, high + added];
}

/**
 * Return the texts of marked values, with as many digits as tell them apart.
 *
 * @param {number[]} values evenly apart
 */
export function tickTexts(values) {
  const step = values.length > 1 ? Math.abs(values[1] - values[0]) : Math.abs(values[0] ?? 1) || 1;
  const most = Math.max(...values.map(Math.abs));
  if (most >= 1e6 || step < 1e-6) return values.map((value) => number(value, 6));
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return values.map((value) => value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
}
