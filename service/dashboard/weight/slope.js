/** The error curve of the chosen weight, with the tangent, the step, and what they say in words. */

import { NearestEpoch, requestAt, useAtEpoch } from "../parts/at_epoch.js";
import { Curl } from "../parts/curl.js";
import { number } from "../parts/format.js";
import { weightName } from "../parts/notation.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html, useState } from "../vendor/htm-preact.js";
import { CurveDrawing } from "./curve_drawing.js";
import { slopeQuery } from "./place.js";
import { promiseSentence, slopeSentence } from "./sentences.js";

const SPANS = [0.1, 0.5, 1, 2, 5, 20];
const POINTS = 81;

/**
 * @param {object} props
 * @param {import("../parts/job_data.js").Job} props.job
 * @param {number} props.epoch
 * @param {import("./place.js").WeightPlace} props.place
 * @param {string | undefined} props.notation
 * @param {any} [props.children] where the weight is chosen
 */
export function SlopePanel({ job, epoch, place, notation, children }) {
  const [span, setSpan] = useState(1);
  const query = { ...slopeQuery(place), span, points: POINTS };
  const slope = useAtEpoch(job.id, epoch, "/slope", query);
  const name = weightName(place, notation, job.network.layers);
  const noun = place.input === null ? "bias" : "weight";
  return html`<${Panel} title=${`The chosen ${noun}`} class="slope-panel" aside=${html`<${Curl} of="The error curve" request=${requestAt(job.id, epoch, "/slope", query, undefined)} />`}>
    ${children}
    <${Shown} of=${slope} what="the error curve">${(/** @type {any} */ answer) => {
      const sentence = slopeSentence(answer, noun);
      return html`<div aria-busy=${slope.loading}>
        <${NearestEpoch} shown=${answer.epoch} wanted=${epoch} />
        <p class="says" data-slope=${answer.tangent.slope} data-step=${answer.step.step}>${sentence}</p>
        <p class="quiet">${promiseSentence(answer)} For one row alone, as the step "update" of Network shows it, the ${noun} may move the other way.</p>
        <${CurveDrawing} slope=${answer} name=${name} summary=${`The loss over the value of ${name}. ${sentence}`} />
        <p class="slope-options"><label>Shown on either side <select value=${span} onChange=${(/** @type {{target: HTMLSelectElement}} */ event) => setSpan(Number(event.target.value))}>
          ${SPANS.map((each) => html`<option value=${each} selected=${each === span}>${each}</option>`)}</select></label></p>
        <${Numbers} answer=${answer} />
      </div>`;
    }}</${Shown}>
  </${Panel}>`;
}

/** @param {{answer: any}} props */
function Numbers({ answer }) {
  const every = answer.points.filter((/** @type {any} */ _, /** @type {number} */ index) => index % 10 === 0);
  return html`<details><summary>The numbers of the curve</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="The numbers of the curve"><table>
      <thead><tr><th scope="col" class="number">Value</th><th scope="col" class="number">Loss</th><th scope="col" class="number">Tangent</th></tr></thead>
      <tbody>${every.map((/** @type {any} */ each) => html`<tr><td class="number">${number(each.value)}</td><td class="number">${shown(each.loss)}</td><td class="number">${shown(each.tangent)}</td></tr>`)}</tbody>
    </table></div>
    <p class="quiet">1 in 10 of the points that are drawn.</p>
  </details>`;
}

/** @param {number | null} value */
function shown(value) {
  return value === null ? "not finite" : number(value);
}
