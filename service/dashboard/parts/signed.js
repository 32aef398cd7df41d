/** A number with its sign before it, so that nobody needs the colour. */

import { number } from "./format.js";

/**
 * Return a number as +0.25 or −0.25; what is not finite, which JSON writes as null, in words. What is not known is a dash.
 *
 * @param {number | null | undefined} value
 * @param {number} [digits]
 */
export function signed(value, digits = 3) {
  if (value === undefined) return "–";
  if (value === null || !Number.isFinite(value)) return "not finite";
  return `${value < 0 ? "−" : value > 0 ? "+" : ""}${number(Math.abs(value), digits)}`;
}
