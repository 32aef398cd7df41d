/** The outputs of a network as bars with their names: of classes, how probable each is. */

import { number, shortened } from "../parts/format.js";
import { html } from "../vendor/htm-preact.js";
import { argmax } from "./plane.js";

const MOST = 20;

/** @param {{names: string[], values: (number | null)[], target: string | null}} props */
export function Bars({ names, values, target }) {
  const best = argmax(values);
  const most = values.reduce((/** @type {number} */ found, value) => Math.max(found, Math.abs(value ?? 0)), 0) || 1;
  const full = values.every((value) => value === null || (value >= 0 && value <= 1)) ? 1 : most;
  return html`<p class="reading-answer">${values.length > 1 ? html`It reads <strong>${shortened(names[best] ?? "nothing", 30)}</strong>` : "It answers"}${
    target === null ? "." : html`; the target is <strong>${shortened(target, 30)}</strong>.`
  }</p>
  <table class="output-bars"><thead class="visually-hidden"><tr><th scope="col">output</th><th scope="col">size</th><th scope="col">value</th></tr></thead>
    <tbody>${values.slice(0, MOST).map(
    (value, index) => html`<tr key=${index} class=${index === best ? "best" : ""}><th scope="row" title=${names[index]}>${shortened(names[index], 16)}</th>
      <td class="bar-place"><span class="bar" style=${{ width: `${(100 * Math.min(Math.abs(value ?? 0) / full, 1)).toFixed(1)}%` }}></span></td>
      <td class="number">${value === null ? "not finite" : value !== 0 && Math.abs(value) < 0.001 ? "< 0.001" : number(value, 3)}</td></tr>`,
  )}</tbody></table>
  ${values.length > MOST && html`<p class="quiet">The first ${MOST} of ${values.length} outputs.</p>`}`;
}
