/** A bar for what each parameter contributes to the change of the loss, next to what the loss really does. */

import { NearestEpoch, requestAt, useAtEpoch } from "../parts/at_epoch.js";
import { Curl } from "../parts/curl.js";
import { Link } from "../parts/link.js";
import { edgeOfPlace } from "../parts/edge.js";
import { count, number, shortened } from "../parts/format.js";
import { weightName } from "../parts/notation.js";
import { Panel } from "../parts/panel.js";
import { RowChoice } from "../parts/row_choice.js";
import { Shown } from "../parts/resource_view.js";
import { html } from "../vendor/htm-preact.js";
import { barScale, contributionsOf } from "./contributions.js";
import { changeSentence } from "./sentences.js";

const MOST = 12;

/**
 * @param {object} props
 * @param {import("../parts/job_data.js").Job} props.job
 * @param {number} props.epoch
 * @param {number} props.row
 * @param {import("./place.js").WeightPlace} props.place
 * @param {string | undefined} props.notation
 */
export function ContributionPanel({ job, epoch, row, place, notation }) {
  const trace = useAtEpoch(job.id, epoch, ":trace", {}, { row });
  return html`<${Panel} title="What each parameter contributes" class="contributions"
    aside=${html`<${RowChoice} job=${job} row=${row} /> <${Curl} of="The contributions" request=${requestAt(job.id, epoch, ":trace", {}, { row })} />`}>
    <${Shown} of=${trace} what="the contributions">${(/** @type {any} */ answer) => {
      const { largest, others, sum } = contributionsOf(answer.update, MOST);
      const rows = largest.map(({ place: at, name, value }) => ({
        label: at ? weightName(at, notation, job.network.layers) : shortened(name ?? "", 60),
        edge: at ? edgeOfPlace(at) : null,
        value,
      }));
      if (others) rows.push({ label: `${count(others.count)} others together`, edge: null, value: others.value });
      return html`<div aria-busy=${trace.loading}>
        <${NearestEpoch} shown=${answer.epoch} wanted=${epoch} />
        <p>If the next step were taken for this one row: ${changeSentence(answer.predicted_change, answer.actual_change)}</p>
        <${Bars} rows=${rows} chosen=${edgeOfPlace(place)} sum=${sum} predicted=${answer.predicted_change} actual=${answer.actual_change} />
        ${others && html`<p class="quiet">The ${count(largest.length)} largest of ${count(largest.length + others.count)} have a bar of their own.</p>`}
      </div>`;
    }}</${Shown}>
  </${Panel}>`;
}

/** @param {{rows: {label: string, edge: string | null, value: number}[], chosen: string, sum: number, predicted: number | null, actual: number | null}} props */
function Bars({ rows, chosen, sum, predicted, actual }) {
  const scale = barScale([...rows.map((each) => each.value), sum, actual ?? 0]);
  return html`<table class="contribution-bars">
    <thead><tr><th scope="col">Parameter</th><th scope="col"><span class="visually-hidden">Bar</span></th><th scope="col" class="number">Contribution</th></tr></thead>
    <tbody>${rows.map(
      ({ label, edge, value }) => html`<tr class=${edge === chosen ? "chosen" : ""}>
        <th scope="row">${edge ? html`<${Link} within=${{ edge }}>${label}</${Link}>` : label}${edge === chosen && html` <span class="quiet">(chosen)</span>`}</th>
        <td><${Bar} value=${value} scale=${scale} /></td><td class="number">${number(value)}</td>
      </tr>`,
    )}</tbody>
    <tfoot>
      <tr><th scope="row">Sum: predicted change</th><td><${Bar} value=${predicted ?? 0} scale=${scale} /></td><td class="number" data-predicted=${predicted} data-sum=${sum}>${shown(predicted)}</td></tr>
      <tr><th scope="row">Actual change</th><td><${Bar} value=${actual ?? 0} scale=${scale} kind="actual" /></td><td class="number" data-actual=${actual}>${shown(actual)}</td></tr>
    </tfoot>
  </table>`;
}

/**
 * A bar that grows to the left of zero for what lowers the loss, and to the right for what raises it.
 *
 * @param {{value: number, scale: import("./contributions.js").BarScale, kind?: string}} props
 */
function Bar({ value, scale: { zero, unit }, kind = "" }) {
  const length = Math.abs(value) * unit;
  return html`<svg class=${`contribution-bar ${kind} ${value < 0 ? "lowers" : "raises"}`} viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    <line x1=${zero} x2=${zero} y1="0" y2="10" /><rect x=${value < 0 ? zero - length : zero} y="1" width=${length} height="8" />
  </svg>`;
}

/** @param {number | null} value */
function shown(value) {
  return value === null ? "not finite" : number(value);
}
