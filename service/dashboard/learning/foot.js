/** The foot of every learning view: in which notation names are written, what is simplified, and the way to the tour. */

import { change } from "../parts/address.js";
import { Link } from "../parts/link.js";
import { isNielsen } from "../parts/notation.js";
import { html } from "../vendor/htm-preact.js";
import { Simplified } from "./simplified.js";

/** @param {{notation: string | undefined, isTour?: boolean}} props */
export function LearningFoot({ notation, isTour = false }) {
  return html`<footer class="learning-foot">
    <${NotationChoice} notation=${notation} />
    ${!isTour && html`<span>New to this? <${Link} to=${{ view: "tour" }}>Take the tour</${Link}></span>`}
    <${Simplified} />
  </footer>`;
}

/** @param {{notation: string | undefined}} props */
function NotationChoice({ notation }) {
  const nielsen = isNielsen(notation);
  const choose = (/** @type {string | null} */ wanted) => change({ notation: wanted }, { replace: true });
  return html`<div class="notation-choice" role="group" aria-label="Notation">
    <span>Notation:</span>
    <button type="button" class="button" aria-pressed=${!nielsen} onClick=${() => choose(null)}>input 1 -> hidden 2</button>
    <button type="button" class="button" aria-pressed=${nielsen} onClick=${() => choose("nielsen")}>Nielsen: w²₂₁</button>
    <span class="quiet">${nielsen ? "w²₂₁ leads to unit 2 of layer 2 from unit 1 of layer 1, which has the inputs." : "A weight is named by where it comes from and where it leads to."}</span>
  </div>`;
}
