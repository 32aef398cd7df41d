/** A link to a job, by what a reader knows it by: its model, else its id. */

import { Link } from "../parts/link.js";
import { Name } from "../parts/name.js";
import { html } from "../vendor/htm-preact.js";

/** @param {{job: any}} props */
export function JobName({ job }) {
  return html`<${Link} to=${{ job: job.id }}>${job.model ? html`<${Name} of=${job.model.name} most=${28} />` : html`<span class="id">${job.id}</span>`}</${Link}>
    ${job.dataset && html`<span class="quiet small-text">on <${Name} of=${typeof job.dataset === "string" ? job.dataset : job.dataset.name ?? "rows of its own"} most=${28} /></span>`}`;
}
