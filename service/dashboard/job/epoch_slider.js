/** The slider that drives the page, with buttons that play, step and rewind. */

import { count } from "../parts/format.js";
import { Icon } from "../parts/icon.js";
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { epochOfKey, framesASecond, SPEEDS, strideOf } from "./play.js";

/** @param {{chosen: import("../parts/chosen_epoch.js").ChosenEpoch}} props */
export function EpochSlider({ chosen }) {
  const { epoch, newest, follows, choose } = chosen;
  const { plays, play, speed, setSpeed } = usePlay(chosen);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const { tagName, type } = /** @type {HTMLInputElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || type === "number" || tagName === "SELECT") return;
    const isSpace = event.key === " " && tagName !== "BUTTON";
    const next = epochOfKey(event.key, epoch, newest);
    if (!isSpace && next === undefined) return;
    event.preventDefault();
    if (isSpace) play();
    else if (next !== undefined) choose(next);
  };
  const button = (/** @type {string} */ icon, /** @type {string} */ label, /** @type {() => void} */ act, /** @type {any} */ rest = {}) =>
    html`<button type="button" class="button" onClick=${act} title=${label} aria-label=${label} ...${rest}><${Icon} name=${icon} /></button>`;
  return html`<div class="epoch-slider" role="group" aria-label="Epoch" onKeyDown=${onKeyDown}>
    <span class="epoch-buttons">
      ${button("first", "Rewind to epoch 0", () => choose(0))}
      ${button("back", "One epoch back", () => choose(Math.max(epoch - 1, 0)), { disabled: epoch <= 0 })}
      ${button(plays ? "pause" : "play", plays ? "Stop" : "Play", play, { disabled: newest === 0, "aria-pressed": plays })}
      ${button("next", "One epoch on", () => choose(Math.min(epoch + 1, newest)), { disabled: epoch >= newest })}
      ${button("last", "Follow the newest epoch", () => choose(null), { "aria-pressed": follows })}
      <select aria-label="Speed of the play" title="How long the play takes" value=${speed} onChange=${(/** @type {{target: HTMLSelectElement}} */ event) => setSpeed(event.target.value)}>
        ${SPEEDS.map(({ id, title }) => html`<option value=${id}>${title}</option>`)}
      </select>
    </span>
    <span class="epoch-place">
      <input
        type="range" min="0" max=${newest} step="1" value=${epoch}
        aria-label="Epoch" aria-valuetext=${`epoch ${epoch} of ${newest}`}
        onInput=${(/** @type {{target: HTMLInputElement}} */ event) => choose(Number(event.target.value))}
      />
      <label class="epoch-number">Epoch <input
        type="number" min="0" max=${newest} value=${epoch}
        onChange=${(/** @type {{target: HTMLInputElement}} */ event) => choose(Math.round(Number(event.target.value) || 0))}
      /> <span class="quiet">of ${count(newest)}</span></label>
    </span>
  </div>`;
}

/**
 * Let the chosen epoch move on by itself; readers who prefer reduced motion get few, larger steps.
 *
 * @param {import("../parts/chosen_epoch.js").ChosenEpoch} chosen
 */
function usePlay({ epoch, newest, choose }) {
  const [plays, setPlays] = useState(false);
  const [speed, setSpeed] = useState("usual");
  const shownAt = useRef(0);
  useEffect(() => {
    if (!plays) return undefined;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const seconds = SPEEDS.find(({ id }) => id === speed)?.seconds ?? null;
    const timer = setTimeout(() => {
      const now = performance.now();
      const next = Math.min(epoch + strideOf(newest, seconds, now - shownAt.current), newest);
      shownAt.current = now;
      choose(next);
      if (next >= newest) setPlays(false);
    }, 1000 / framesASecond(isCalm));
    return () => clearTimeout(timer);
  }, [plays, speed, epoch, newest]);
  const play = () => {
    if (!plays && epoch >= newest) choose(0);
    shownAt.current = performance.now();
    setPlays(!plays);
  };
  return { plays, play, speed, setSpeed };
}
