/** A number with its sign before it, so that nobody needs the colour. */

import { number } from "./format.js";

/**
 * Return a number as +0.25 or −0.25; what is not finite, which JSON writes as null, in words.
 *
 * @param {number | null | undefined} value
 * @param {number} [digits]
 */
export function signed(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "not finite";
  return `${value < 0 ? "−" : value > 0 ? "+" : ""}${number(Math.abs(value), digits)}`;
}
