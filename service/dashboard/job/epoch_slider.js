/** The slider that drives the page, with buttons that play, step and rewind. */

import { count } from "../parts/format.js";
import { Icon } from "../parts/icon.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";

const FRAMES_A_SECOND = 12;
const SECONDS_OF_PLAY = 12; // about how long a whole training is shown

/** @param {{chosen: import("./epoch.js").ChosenEpoch}} props */
export function EpochSlider({ chosen }) {
  const { epoch, newest, follows, choose } = chosen;
  const [plays, setPlays] = useState(false);
  useEffect(() => {
    if (!plays) return undefined;
    const timer = setTimeout(() => {
      const next = Math.min(epoch + strideOf(newest), newest);
      choose(next);
      if (next >= newest) setPlays(false);
    }, 1000 / FRAMES_A_SECOND);
    return () => clearTimeout(timer);
  }, [plays, epoch, newest]);
  const play = () => {
    if (!plays && epoch >= newest) choose(0);
    setPlays(!plays);
  };
  return html`<div class="epoch-slider" role="group" aria-label="Epoch">
    <button type="button" class="button" onClick=${() => choose(0)} title="Back to the start" aria-label="Rewind to epoch 0"><${Icon} name="first" /></button>
    <button type="button" class="button" onClick=${() => choose(Math.max(epoch - 1, 0))} disabled=${epoch <= 0} aria-label="One epoch back"><${Icon} name="back" /></button>
    <button type="button" class="button" onClick=${play} disabled=${newest === 0} aria-label=${plays ? "Stop" : "Play"} aria-pressed=${plays}><${Icon} name=${plays ? "pause" : "play"} /></button>
    <button type="button" class="button" onClick=${() => choose(Math.min(epoch + 1, newest))} disabled=${epoch >= newest} aria-label="One epoch on"><${Icon} name="next" /></button>
    <button type="button" class="button" onClick=${() => choose(null)} aria-pressed=${follows} aria-label="Follow the newest epoch"><${Icon} name="last" /></button>
    <input
      type="range" min="0" max=${newest} step="1" value=${epoch}
      aria-label="Epoch" aria-valuetext=${`epoch ${epoch} of ${newest}`}
      onInput=${(/** @type {any} */ event) => choose(Number(event.target.value))}
    />
    <label class="epoch-number">Epoch <input
      type="number" min="0" max=${newest} value=${epoch}
      onChange=${(/** @type {any} */ event) => choose(Math.round(Number(event.target.value) || 0))}
    /> <span class="quiet">of ${count(newest)}</span></label>
  </div>`;
}

/**
 * Return by how many epochs each frame of the play moves on.
 *
 * @param {number} newest
 */
export function strideOf(newest) {
  return Math.max(1, Math.round(newest / (FRAMES_A_SECOND * SECONDS_OF_PLAY)));
}
