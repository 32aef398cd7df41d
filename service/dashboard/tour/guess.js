/** The reader's guess which way a weight moves: asked before the round is fired, and answered after it. */

import { Action } from "../parts/action.js";
import { number } from "../parts/format.js";
import { html } from "../vendor/htm-preact.js";

/** @typedef {"up" | "down"} Way */

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
  const reason = `The tangent ${rises} to the right with a slope of ${number(slope)}, so less loss lies to the ${way === "up" ? "right" : "left"}, and the weight moved ${way} by ${number(Math.abs(step))}.`;
  if (guess === null) return reason;
  if (guess === way) return `Well seen: it moved ${way}. ${reason}`;
  return `It moved ${way} this time. ${reason} Going against the slope is the whole trick, and now you know it.`;
}

/**
 * The two buttons. Either fires one round.
 *
 * @param {object} props
 * @param {string} props.job
 * @param {boolean} props.isReady whether the job waits for its next round
 * @param {(way: Way) => void} props.onGuess
 * @param {() => void} props.onFired
 */
export function GuessButtons({ job, isReady, onGuess, onFired }) {
  const request = { method: "POST", path: `v1/jobs/${job}:step`, body: { epochs: 1 } };
  const fired = (/** @type {Way} */ way) => () => {
    onGuess(way);
    onFired();
  };
  return html`<div class="guess" role="group" aria-label="Your guess: it moves">
    <span>It moves</span>
    <${Action} label="up ↑" class="primary" request=${request} disabled=${!isReady} onDone=${fired("up")} />
    <${Action} label="down ↓" class="primary" request=${request} disabled=${!isReady} onDone=${fired("down")} />
    <span class="quiet">Either fires one round, and you see what happened.</span>
  </div>`;
}
