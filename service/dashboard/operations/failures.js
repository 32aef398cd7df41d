/** The last jobs that failed, with the error of each and what it means. */

import { Icon } from "../parts/icon.js";
import { ago, counted } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Empty } from "../parts/panel.js";
import { html } from "../vendor/htm-preact.js";
import { JobName } from "./job_name.js";

/** @param {{list: any}} props */
export function Failures({ list }) {
  if (list.data.length === 0) return html`<${Empty} title="Nothing failed"><p>No job that is stored here has failed.</p></${Empty}>`;
  return html`<ul class="failures">${list.data.map((/** @type {any} */ job) => html`<li key=${job.id}>
    <p class="failure-head"><span><${JobName} job=${job} /></span>
      <span class="quiet"><time datetime=${job.finished_at} title=${job.finished_at}>${ago(job.finished_at)}</time>${job.attempt > 1 && `, after ${counted(job.attempt, "attempt")}`}</span></p>
    <p class="failure"><${Icon} name="cross" /> <code>${job.error?.code ?? "failed"}</code> <${Name} of=${job.error?.message ?? job.error?.detail ?? ""} most=${400} /></p>
  </li>`)}</ul>`;
}
