/** The jobs that wait, in the order in which they are taken, and why each waits. */

import { ago, count } from "../parts/format.js";
import { Empty } from "../parts/panel.js";
import { html } from "../vendor/htm-preact.js";
import { JobName } from "./job_name.js";

/** @param {{jobs: any[], hasMore: boolean, total: number | null}} props the jobs that are taken next, whether more wait, and how many in all, if that is known */
export function Queue({ jobs, hasMore, total }) {
  if (jobs.length === 0) return html`<${Empty} title="Nothing waits"><p>A new job begins at once if a worker is free.</p></${Empty}>`;
  const left = hasMore && total !== null && total > jobs.length ? `${count(total - jobs.length)} more that wait` : "more";
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table of queued jobs"><table>
      <thead><tr><th scope="col" class="number">Position</th><th scope="col">Job</th><th scope="col">Why it waits</th><th scope="col" class="number">Priority</th><th scope="col">Sent</th></tr></thead>
      <tbody>${jobs.map((job) => html`<tr key=${job.id}>
        <td class="number">${count(job.waiting?.position)}</td>
        <th scope="row"><${JobName} job=${job} /></th>
        <td>${job.waiting?.reason ?? "–"}</td>
        <td class="number">${count(job.priority)}</td>
        <td><time datetime=${job.created_at} title=${job.created_at}>${ago(job.created_at)}</time></td>
      </tr>`)}</tbody>
    </table></div>
    ${hasMore && html`<p class="quiet">and ${left} behind them</p>`}`;
}
