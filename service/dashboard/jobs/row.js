/** One job in the table. */

import { Link } from "../parts/link.js";
import { Sparkline } from "../parts/sparkline.js";
import { Status } from "../parts/status.js";
import { ago, count, number, shortened } from "../parts/format.js";
import { html, useMemo } from "../vendor/htm-preact.js";
import { lossOf } from "./live_rows.js";

/**
 * @param {object} props
 * @param {import("./list_query.js").Row} props.job
 * @param {number | null} props.at the epoch whose loss is shown besides
 * @param {boolean} props.chosen whether it is to be compared
 * @param {(id: string, chosen: boolean) => void} props.choose
 */
export function JobRow({ job, at, chosen, choose }) {
  const started = ago(job.started_at ?? job.created_at);
  return useMemo(() => cellsOf(job, at, chosen, choose, started), [job, at, chosen, choose, started]);
}

/** @type {(job: import("../api/answers.js").Row, at: number | null, chosen: boolean, choose: (id: string, chosen: boolean) => void, started: string) => any} */
function cellsOf(job, at, chosen, choose, started) {
  const name = job.model?.name ?? job.id;
  return html`<tr role="row">
    <td role="cell" class="chosen"><input
      type="checkbox"
      checked=${chosen}
      aria-label=${`Compare ${shortened(name, 80)} (${job.id})`}
      onChange=${(/** @type {{target: HTMLInputElement}} */ event) => choose(job.id, event.target.checked)}
    /></td>
    <th role="rowheader" scope="row" class="job-name">
      <${Link} to=${{ job: job.id }} title=${name === job.id ? job.id : `${name} (${job.id})`}>${shortened(name, 32)}</${Link}>
      <span class="quiet second" title=${job.dataset}>${shortened(job.dataset ?? "", 32)}</span>
    </th>
    <td role="cell" class="job-status"><${Status} status=${job.status} requested=${job.requested} />
      ${job.error && html`<span class="quiet second">${job.error.code.replaceAll("_", " ")}</span>`}
    </td>
    <td role="cell" class="job-progress">${progress(job)}</td>
    <td role="cell" class="number" data-title="Last loss">${loss(job.latest)}</td>
    <td role="cell" class="number" data-title="Best loss">${loss(job.best, true)}</td>
    ${at !== null && html`<td role="cell" class="number" data-title=${`At epoch ${count(at)}`}>${loss(job.at_epoch)}</td>`}
    <td role="cell" class="job-curve"><${Sparkline} points=${job.curve} /></td>
    <td role="cell" class="job-started" title=${job.started_at ?? job.created_at}>
      ${job.started_at ? started : html`<span class="quiet">sent ${started}</span>`}
    </td>
  </tr>`;
}

/** @param {import("../api/answers.js").Row} job */
function progress({ progress: { epoch, epochs }, status }) {
  const words = `epoch ${count(epoch)} of ${count(epochs)}`;
  return html`<progress class=${status} max=${epochs} value=${epoch} aria-label=${words}></progress>
    <span class="second quiet" aria-hidden="true">${words}</span>`;
}

/**
 * @param {import("./live_rows.js").Losses | null} record
 * @param {boolean} [withEpoch]
 */
function loss(record, withEpoch = false) {
  if (!record) return html`<span class="quiet">–</span>`;
  const value = lossOf(record);
  const kind = record.validation_loss === null ? "training" : "validation";
  const below = [withEpoch && `epoch ${count(record.epoch)}`, !withEpoch && kind === "validation" && kind].filter(Boolean).join(", ");
  return html`<span title=${value === null ? "The loss is not a finite number" : `${kind} loss ${value} at epoch ${record.epoch}`}>
    ${value === null ? "not finite" : number(value)}</span>${below && html`<span class="second quiet">${below}</span>`}`;
}
