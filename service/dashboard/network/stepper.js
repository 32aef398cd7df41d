/** Goes through the steps of backpropagation, one at a time or by itself. */

import { change } from "../parts/address.js";
import { Icon } from "../parts/icon.js";
import { layerName } from "../parts/notation.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { moved } from "./steps.js";

/** @typedef {import("./steps.js").Step} Step */

const MS_A_STEP = 2200;

/** @param {{steps: Step[], step: Step | null, notation: string | undefined, layers: import("../parts/notation.js").Layers}} props */
export function Stepper({ steps, step, notation, layers }) {
  const [plays, setPlays] = useState(false);
  const last = steps[steps.length - 1];
  const show = (/** @type {Step | null} */ next) => change({ step: next?.id ?? null }, { replace: true });
  useEffect(() => {
    if (!plays) return undefined;
    const timer = setTimeout(() => {
      const next = moved(steps, step, 1);
      show(next);
      if (next === last || next?.id === last.id) setPlays(false);
    }, MS_A_STEP);
    return () => clearTimeout(timer);
  }, [plays, step?.id]);
  const play = () => {
    if (!plays && (step === null || step.id === last.id)) show(steps[0]);
    setPlays(!plays);
  };
  const go = (/** @type {Step | null} */ next) => {
    setPlays(false);
    show(next);
  };
  return html`<div class="stepper" role="group" aria-label="Steps of backpropagation">
    <div class="stepper-buttons">
      <button type="button" class="button" onClick=${() => go(moved(steps, step, -1))} disabled=${step === null} >Back</button>
      <button type="button" class="button primary" onClick=${play} aria-pressed=${plays}><${Icon} name=${plays ? "pause" : "play"} /> ${plays ? "Pause" : "Play the steps"}</button>
      <button type="button" class="button" onClick=${() => go(moved(steps, step, 1))} disabled=${step?.id === last.id} >Next step</button>
    </div>
    <ol class="steps">
      <li><button type="button" class="step" aria-current=${step === null ? "step" : null} onClick=${() => go(null)}>all at once</button></li>
      ${steps.map(
        (each) => html`<li key=${each.id}><button type="button" class=${`step ${each.kind}`} aria-current=${each.id === step?.id ? "step" : null}
          onClick=${() => go(each)}>${stepTitle(each, notation, layers)}</button></li>`,
      )}
    </ol>
  </div>`;
}

/**
 * Return a short title of a step: "forward: hidden".
 *
 * @param {Step} step
 * @param {string | undefined} notation
 * @param {import("../parts/notation.js").Layers} layers
 */
export function stepTitle({ kind, layer }, notation, layers) {
  return layer === null ? kind : `${kind}: ${layerName(layer, notation, layers)}`;
}
