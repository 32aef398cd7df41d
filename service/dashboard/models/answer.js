/** What a model answered for one row: its values, probabilities as bars, and what it did not know. */

import { number, percent, shortened } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { html, useState } from "../vendor/htm-preact.js";
import { partsOf } from "./values.js";

const MOST_BARS = 12;

/** @param {{answer: any, outputs: any[]}} props */
export function Answer({ answer, outputs }) {
  const [isAll, setAll] = useState(false);
  const { values, kind, shares } = partsOf(answer.predictions[0], outputs);
  const most = Math.max(...shares.map(({ value }) => Math.abs(value ?? 0)), 1e-12);
  const scale = kind === "probabilities" ? 1 : most;
  const shown = isAll ? shares : shares.slice(0, MOST_BARS);
  return html`<dl class="predicted">${values.map(
      ([name, value]) => html`<div><dt><${Name} of=${name} /></dt><dd>${typeof value === "number" ? number(value, 6) : value === null ? "not finite" : html`<${Name} of=${String(value)} />`}</dd></div>`,
    )}</dl>
    ${kind && html`<table class="chances"><caption>${kind === "probabilities" ? "Probabilities" : "Scores"}</caption>
      <tbody>${shown.map(({ name, value }) => html`<tr>
        <th scope="row"><${Name} of=${name} most=${28} /></th>
        <td class="chance-bar"><svg width="100%" height="12" aria-hidden="true"><rect width=${`${Math.min(Math.max(((value ?? 0) / scale) * 100, 0), 100)}%`} height="12" /></svg></td>
        <td class="number">${value === null ? "not finite" : kind === "probabilities" ? percent(value) : number(value)}</td>
      </tr>`)}</tbody></table>`}
    ${shares.length > shown.length && html`<button type="button" class="button" onClick=${() => setAll(true)}>Show all ${shares.length}</button>`}
    ${answer.unknown?.length > 0 && html`<p class="note">Never seen in training: ${answer.unknown.map(
      (/** @type {any} */ each, /** @type {number} */ index) => html`${index > 0 && "; "}<strong>${shortened(String(each.value))}</strong> of ${shortened(each.column)}`,
    )}. It counts as no category at all.</p>`}
    ${answer.ignored?.length > 0 && html`<p class="note">Ignored, as the model has no such column: ${answer.ignored.map((/** @type {string} */ each) => shortened(each)).join(", ")}.</p>`}
    <p class="quiet">Answered by version ${answer.version}${answer.epoch !== null && answer.epoch !== undefined && `, epoch ${answer.epoch}`}.</p>`;
}
