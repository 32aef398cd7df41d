/** The list of jobs. */

import { useResource } from "../api/resource.js";
import { Link } from "../parts/link.js";
import { Empty } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { Status } from "../parts/status.js";
import { count, number, shortened } from "../parts/format.js";
import { html } from "../vendor/htm-preact.js";

export function Jobs() {
  const jobs = useResource("v1/jobs", { limit: 50 });
  return html`<h1>Jobs</h1>
    <${Shown} of=${jobs} what="the jobs">${(/** @type {any} */ answer) =>
      answer.data.length === 0
        ? html`<${Empty} title="No job yet"><p>A job trains a network on a dataset.</p></${Empty}>`
        : html`<div class="scroll"><table>
            <thead><tr><th scope="col">Job</th><th scope="col">Status</th><th scope="col" class="number">Epoch</th><th scope="col" class="number">Loss</th></tr></thead>
            <tbody>${answer.data.map(
              (/** @type {any} */ job) => html`<tr key=${job.id}>
                <th scope="row"><${Link} to=${{ job: job.id }}>${shortened(job.model?.name ?? job.id)}</${Link}></th>
                <td><${Status} status=${job.status} requested=${job.requested} /></td>
                <td class="number">${count(job.progress.epoch)}</td>
                <td class="number">${number(job.latest?.training_loss)}</td>
              </tr>`,
            )}</tbody>
          </table></div>`
    }</${Shown}>`;
}
