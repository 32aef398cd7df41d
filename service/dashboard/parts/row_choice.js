/** Chooses the row of the job's dataset that is shown, in the address. */

import { change } from "./address.js";
import { useResource } from "../api/resource.js";
import { html } from "../vendor/htm-preact.js";
import { count } from "./format.js";

/**
 * Return the address of a job's dataset, of the version that the job was trained on.
 *
 * @param {{dataset: string, dataset_version: number | null}} job
 */
export function datasetPath({ dataset, dataset_version: version }) {
  return `v1/datasets/${encodeURIComponent(version === null ? dataset : `${dataset}@${version}`)}`;
}

/**
 * Return the row that the address names; 0 where it names none.
 *
 * @param {string | undefined} text
 */
export function rowOf(text) {
  return /^\d{1,12}$/.test(text ?? "") ? Number(text) : 0;
}

/** @param {{job: import("../api/answers.js").Job, row: number}} props */
export function RowChoice({ job, row }) {
  const dataset = useResource(datasetPath(job), { fields: "rows" });
  const rows = dataset.data?.rows ?? null;
  const last = rows === null ? Infinity : rows - 1;
  const choose = (/** @type {number} */ next) => change({ row: Math.min(Math.max(next, 0), last) }, { replace: true });
  return html`<span class="row-choice" role="group" aria-label="Row of the dataset">
    <button type="button" class="button" disabled=${row <= 0} onClick=${() => choose(row - 1)}><span class="arrow" aria-hidden="true">←</span><span class="word">Row before</span></button>
    <label>Row <input type="number" min="0" max=${rows === null ? null : last} value=${row}
      onChange=${(/** @type {{target: HTMLInputElement}} */ event) => choose(Math.round(Number(event.target.value)) || 0)} /></label>
    <span>${rows === null ? "" : `(of 0 to ${count(Math.max(rows - 1, 0))})`}</span>
    <button type="button" class="button" disabled=${row >= last} onClick=${() => choose(row + 1)}><span class="word">Next row</span><span class="arrow" aria-hidden="true">→</span></button>
  </span>`;
}
