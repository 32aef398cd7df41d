/** Scales of drawings: values to pixels, round numbers for their axes, and the texts of these. */

import { number } from "./format.js";

/** @typedef {[number, number]} Domain  the least and the largest value */

/**
 * @typedef {object} Scale
 * @property {Domain} domain  the least and the largest value
 * @property {(value: number) => number} place  of a value, in pixels
 * @property {(place: number) => number} value  at a place
 */

/**
 * Return a linear scale.
 *
 * @param {Domain} domain
 * @param {[number, number]} range pixels of its two ends
 * @returns {Scale}
 */
export function linear(domain, range) {
  const span = domain[1] - domain[0] || 1;
  const step = (range[1] - range[0]) / span;
  return {
    domain,
    place: (value) => range[0] + (value - domain[0]) * step,
    value: (place) => domain[0] + (place - range[0]) / step,
  };
}

/**
 * Return round numbers within a domain: multiples of 1, 2 or 5 times a power of ten.
 *
 * @param {Domain} domain
 * @param {number} [most] steps that would divide the domain; one more tick may stand in it
 */
export function ticks([least, largest], most = 6) {
  const span = largest - least;
  if (!(span > 0) || !Number.isFinite(span)) return [least];
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? 10 * power;
  const first = Math.ceil(least / step - 1e-9);
  const count = Math.floor(largest / step + 1e-9) - first + 1;
  return [...Array(Math.max(count, 0)).keys()].map((index) => Number(((first + index) * step).toPrecision(12)));
}

/**
 * Return the least and the greatest of the finite values, with a margin on both sides; null where there is none.
 *
 * @param {(number | null | undefined)[]} values
 * @param {number} [margin] as a share of the span
 * @returns {Domain | null}
 */
export function domainOf(values, margin = 0) {
  const finite = /** @type {number[]} */ (values.filter((value) => typeof value === "number" && Number.isFinite(value)));
  if (finite.length === 0) return null;
  const least = finite.reduce((a, b) => Math.min(a, b));
  const largest = finite.reduce((a, b) => Math.max(a, b));
  const room = (largest - least || Math.abs(least) || 1) * margin;
  return [least - room, largest + room];
}

/**
 * Return the texts of tick values, with as many digits as make them distinct.
 *
 * @param {number[]} values evenly apart
 */
export function tickTexts(values) {
  const step = values.length > 1 ? Math.abs(values[1] - values[0]) : Math.abs(values[0] ?? 1) || 1;
  const largest = Math.max(...values.map(Math.abs));
  if (largest >= 1e6 || step < 1e-6) return values.map((value) => number(value, 6));
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return values.map((value) => value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
}
