/** What is said to a reader who has guessed which way a weight moves. */

import { number } from "../parts/format.js";

/** @typedef {"up" | "down"} Way */

const WORDS = { up: "larger", down: "smaller" };

/**
 * Return which way a step goes.
 *
 * @param {number} step
 * @returns {Way}
 */
export function wayOf(step) {
  return step > 0 ? "up" : "down";
}

/**
 * Return what is said to a reader who has guessed, or who comes after the round was fired.
 *
 * @param {Way | null} guess
 * @param {{step: number, slope: number}} facts
 */
export function verdictOf(guess, { step, slope }) {
  const way = wayOf(step);
  const rises = slope > 0 ? "rises" : "falls";
  const reason = `The tangent ${rises} to the right with a slope of ${number(slope)}, so less loss lies to the ${way === "up" ? "right" : "left"}, and the weight became ${WORDS[way]} by ${number(Math.abs(step))}.`;
  if (guess === null) return reason;
  if (guess === way) return `Well seen: it became ${WORDS[way]}. ${reason}`;
  return `It became ${WORDS[way]} this time. ${reason} Going against the slope is the whole trick, and now you know it.`;
}
