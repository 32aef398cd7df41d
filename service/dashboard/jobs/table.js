/** The table of jobs, with what is chosen of it and the way to its other pages. */

import { Link } from "../parts/link.js";
import { count } from "../parts/format.js";
import { html } from "../vendor/htm-preact.js";
import { JobRow } from "./row.js";

/**
 * @param {object} props
 * @param {import("./list_query.js").Row[]} props.rows
 * @param {number | null} props.at the epoch whose loss is shown besides
 * @param {Set<string>} props.chosen
 * @param {(id: string, chosen: boolean) => void} props.choose
 */
export function JobTable({ rows, at, chosen, choose }) {
  return html`<div class="scroll jobs-scroll"><table class="jobs" role="table" aria-label="Jobs, newest first">
    <thead role="rowgroup"><tr role="row">
      <th role="columnheader" scope="col"><span class="visually-hidden">Compare</span></th>
      <th role="columnheader" scope="col">Job, dataset</th>
      <th role="columnheader" scope="col">Status</th>
      <th role="columnheader" scope="col">Progress</th>
      <th role="columnheader" scope="col" class="number" title="Of validation where the job has validation rows, else of training">Last loss</th>
      <th role="columnheader" scope="col" class="number" title="The best epoch's; while a job trains it is read every 15 seconds">Best loss</th>
      ${at !== null && html`<th role="columnheader" scope="col" class="number">At epoch ${count(at)}</th>`}
      <th role="columnheader" scope="col">Loss by epoch</th>
      <th role="columnheader" scope="col">Started</th>
    </tr></thead>
    <tbody role="rowgroup">${rows.map((job) => html`<${JobRow} key=${job.id} job=${job} at=${at} chosen=${chosen.has(job.id)} choose=${choose} />`)}</tbody>
  </table></div>`;
}

/**
 * @param {object} props
 * @param {string | undefined} props.after where this page begins
 * @param {string | null} props.next where the next one begins
 * @param {string | null | undefined} props.previous where the one before begins, null for the newest; undefined where it is not known
 */
export function Pages({ after, next, previous }) {
  if (!after && !next) return null;
  return html`<nav class="pages" aria-label="Pages of the list">
    ${after && html`<${Link} within=${{ after: null }}>Newest jobs</${Link}>`}
    ${after && previous !== undefined && html`<${Link} within=${{ after: previous }} rel="prev">Previous page</${Link}>`}
    ${next && html`<${Link} within=${{ after: next }} rel="next">Next page</${Link}>`}
  </nav>`;
}
