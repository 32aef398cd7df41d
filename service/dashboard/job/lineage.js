/** Where a job comes from: the job that it forks, or the job that it repeats and what the comparison says. */

import { count } from "../parts/format.js";
import { Icon } from "../parts/icon.js";
import { Link } from "../parts/link.js";
import { html } from "../vendor/htm-preact.js";

/** @param {{job: import("../api/answers.js").Job}} props */
export function Lineage({ job }) {
  const { forked_from: fork, replay } = job;
  return html`
    ${
      fork &&
      html`<p class="lineage">Forked from <${Link} to=${{ job: fork.job, epoch: fork.epoch }}>${fork.job}, epoch ${count(fork.epoch)}</${Link}>,
        ${fork.optimizer_state === "stored" ? " with the optimizer's state" : " with a fresh state of the optimizer"}${
          fork.reason && html`<span class="quiet">: ${fork.reason}</span>`
        }.</p>`
    }
    ${replay && html`<p class="lineage">Replay of <${Link} to=${{ job: replay.of }}>${replay.of}</${Link}>${
      replay.through !== null && html`, up to epoch ${count(replay.through)}`
    }. <${Verdict} replay=${replay} /></p>`}
  `;
}

/** @param {{replay: any}} props */
function Verdict({ replay }) {
  if (replay.identical === null || replay.identical === undefined) return html`<span class="quiet">Not compared yet.</span>`;
  if (replay.identical) {
    return html`<strong class="replay-verdict same"><${Icon} name="check" /> Identical</strong>
      <span class="quiet"> in ${count(replay.checked?.epochs)} epochs</span>`;
  }
  const at = replay.first_difference;
  return html`<strong class="replay-verdict other"><${Icon} name="cross" /> Not identical</strong>
    ${at && html`: the first difference is ${at.epoch === null ? "" : `at epoch ${count(at.epoch)}, `}in ${String(at.in).replaceAll("_", " ")}${placeOf(at)}.`}`;
}

/** @param {any} difference */
function placeOf({ layer, parameter, index }) {
  if (layer === null || layer === undefined) return "";
  return `, layer ${layer}${parameter ? `, ${parameter}${index ? ` [${index.join(", ")}]` : ""}` : ""}`;
}
