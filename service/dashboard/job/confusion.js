/** A confusion matrix: how many rows of each class are predicted to be of each class. */

import { count, number, percent, shortened } from "../parts/format.js";
import { Panel } from "../parts/panel.js";
import { html } from "../vendor/htm-preact.js";
import { accuracyOf, rowSums } from "./confusion_sums.js";

/** @param {{matrix: {classes: (string | number)[], counts: number[][]}, label: string}} props */
export function ConfusionMatrix({ matrix, label }) {
  const { classes, counts } = matrix;
  const sums = rowSums(counts);
  const most = Math.max(...counts.flat(), 1);
  const name = (/** @type {string | number} */ each) => html`<span title=${String(each)}>${shortened(String(each), 16)}</span>`;
  return html`<p>${percent(accuracyOf(counts))} of ${count(sums.reduce((total, sum) => total + sum, 0))} rows are predicted right.</p>
    <div class="scroll confusion" tabindex="0" role="region" aria-label=${label}><table>
      <caption class="visually-hidden">${label}: a row for each true class, a column for each predicted class</caption>
      <thead><tr><th scope="col">true / predicted</th>${classes.map((each) => html`<th scope="col" class="number">${name(each)}</th>`)}
        <th scope="col" class="number">rows</th><th scope="col" class="number">right</th></tr></thead>
      <tbody>${counts.map(
        (row, index) => html`<tr><th scope="row">${name(classes[index])}</th>
          ${row.map((value, column) => html`<td class=${`number ${column === index ? "right" : value ? "wrong" : ""}`} style=${{ "--share": value / most }}>${value === 0 ? html`<span class="quiet">0</span>` : count(value)}</td>`)}
          <td class="number">${count(sums[index])}</td>
          <td class="number">${sums[index] ? percent(row[index] / sums[index]) : "–"}</td></tr>`,
      )}</tbody>
    </table></div>`;
}

/** What a job's version is worth: on the rows that validate it, and on those that nothing else has seen. @param {import("../parts/job_data.js").PartProps} props */
export function Results({ job }) {
  const { confusion_matrix: matrix, test } = job;
  return html`
    ${test && html`<${Panel} title="Test rows" aside=${measuredAt(test.epoch)}>
      <p class="quiet">${count(test.rows)} rows that training has not seen, measured once, when the version was made.</p>
      <dl class="figures">
        <div><dt>loss</dt><dd>${finite(test.loss)}</dd></div>
        ${Object.entries(test.metrics).map(([metric, value]) => html`<div><dt>${metric.replaceAll("_", " ")}</dt><dd>${finite(/** @type {number | null} */ (value))}</dd></div>`)}
      </dl>
      ${test.confusion_matrix && html`<${ConfusionMatrix} matrix=${test.confusion_matrix} label="Confusion matrix of the test rows" />`}
    </${Panel}>`}
    ${matrix && html`<${Panel} title="Confusion matrix" aside=${`${matrix.rows} rows, ${measuredAt(matrix.epoch)}`}>
      <${ConfusionMatrix} matrix=${matrix} label=${`Confusion matrix of the ${matrix.rows} rows`} />
    </${Panel}>`}
  `;
}

/** @param {number} epoch */
function measuredAt(epoch) {
  return `measured at epoch ${count(epoch)}, the version's; it does not follow the slider`;
}

/** @param {number | null} value */
function finite(value) {
  return value === null ? "not finite" : number(value);
}
