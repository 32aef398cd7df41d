/** The reader's guess which way a weight moves: asked before the round is fired. */

import { Action } from "../parts/action.js";
import { html } from "../vendor/htm-preact.js";

/** @typedef {import("./verdict.js").Way} Way */

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
  return html`<div class="guess" role="group" aria-label="Your guess: it becomes">
    <span>It becomes</span>
    <${Action} label="larger →" class="primary" request=${request} disabled=${!isReady} onDone=${fired("up")} />
    <${Action} label="smaller ←" class="primary" request=${request} disabled=${!isReady} onDone=${fired("down")} />
    <span class="quiet">Either fires one round, and you see what happened.</span>
  </div>`;
}
