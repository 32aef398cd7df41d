/** The histograms of an array of parameters at several epochs, below each other, in the same bins. */

import { ApiError, get } from "../api/client.js";
import { useResource } from "../api/resource.js";
import { count, number } from "../parts/format.js";
import { Shown } from "../parts/resource_view.js";
import { useSettled } from "../parts/settled.js";
import { html } from "../vendor/htm-preact.js";
import { arraysOf, BINS, commonBins, rebinned, spreadEpochs } from "./histogram_bins.js";
import { nearestOf } from "./nearest_action.js";

const RIDGES = 7; // besides the chosen epoch
const SETTLED_MS = 2000; // while a job trains, its newest epoch changes all the time

/**
 * @param {object} props
 * @param {import("../api/answers.js").Job} props.job
 * @param {number} props.newest
 * @param {any} props.shown  the answer for the chosen epoch
 * @param {string} props.of  the key of an array of parameters
 * @param {string} props.label  of that array
 * @param {(epoch: number) => void} props.choose
 */
export function Ridges({ job, newest, shown, of, label, choose }) {
  const epochs = spreadEpochs(useSettled(newest, SETTLED_MS), RIDGES);
  const found = useResource(`v1/jobs/${job.id}/epochs`, { ridges: epochs.join() }, (_path, _query, signal) => readEpochs(job.id, epochs, signal));
  return html`<${Shown} of=${found} what="the other epochs">${(/** @type {any[]} */ answers) => {
    const all = [...answers.filter((each) => each.epoch !== shown.epoch), shown].sort((one, other) => one.epoch - other.epoch);
    const rows = all.map((answer) => ({ epoch: answer.epoch, histogram: arraysOf(answer).find((each) => each.key === of)?.histogram }));
    const known = rows.flatMap(({ histogram }) => (histogram ? [histogram] : []));
    const bins = commonBins(known);
    if (!bins) return html`<p class="empty">No number of these is finite.</p>`;
    return html`<ol class="ridges">${rows.map(
      (row) => html`<li key=${row.epoch} class=${row.epoch === shown.epoch ? "chosen" : ""}>
        <button type="button" class="plain-button" onClick=${() => choose(row.epoch)}>epoch ${count(row.epoch)}</button>
        ${row.histogram && html`<${Ridge} counts=${rebinned(row.histogram, bins)} label=${`${label} at epoch ${row.epoch}, from ${number(row.histogram.minimum)} to ${number(row.histogram.maximum)}`} />`}
      </li>`,
    )}</ol>
    <p class="value-range ridge-axis quiet"><span>${number(bins.first, 3)}</span><span>${number(bins.first + bins.width * bins.bins, 3)}</span></p>`;
  }}</${Shown}>`;
}

/** @param {{counts: number[], label: string}} props */
function Ridge({ counts, label }) {
  const most = Math.max(...counts, 1);
  const step = 400 / counts.length;
  const path = counts.map((value, index) => `L${(index * step).toFixed(1)} ${(40 - (value / most) * 38).toFixed(1)}H${((index + 1) * step).toFixed(1)}`).join("");
  return html`<svg viewBox="0 0 400 40" preserveAspectRatio="none" role="img" aria-label=${label}><path d=${`M0 40${path}V40Z`} /></svg>`;
}

/**
 * Read the histograms of some epochs one after the other; of an epoch that is not stored those of the nearest one.
 *
 * @param {string} id
 * @param {number[]} epochs
 * @param {AbortSignal} signal
 */
async function readEpochs(id, epochs, signal) {
  const found = new Map();
  for (const epoch of epochs) {
    const answer = await readNearest(id, epoch, signal);
    if (answer) found.set(answer.epoch, answer);
  }
  return [...found.values()].sort((one, other) => one.epoch - other.epoch);
}

/**
 * @param {string} id
 * @param {number} epoch
 * @param {AbortSignal} signal
 * @returns {Promise<any>}
 */
async function readNearest(id, epoch, signal) {
  try {
    return await get(`v1/jobs/${id}/epochs/${epoch}/histograms`, { bins: BINS }, signal);
  } catch (error) {
    const nearest = nearestOf(/** @type {Error} */ (error));
    if (!(error instanceof ApiError) || nearest === null || nearest === epoch) throw error;
    return readNearest(id, nearest, signal);
  }
}
