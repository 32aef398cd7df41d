/** The warnings of a job, with what to do about each in one click. */

import { may } from "../api/session.js";
import { addressTo, show } from "../parts/address.js";
import { useFirst } from "../parts/first.js";
import { count, number } from "../parts/format.js";
import { Icon } from "../parts/icon.js";
import { Panel } from "../parts/panel.js";
import { html, useMemo } from "../vendor/htm-preact.js";
import { NearestAction } from "./nearest_action.js";
import { advised, halfRate } from "./warnings.js";

const AT_ONCE = 20;

/** @param {Pick<import("../parts/job_data.js").PartProps, "job" | "session" | "chosen">} props */
export function WarningList({ job, session, chosen }) {
  const warnings = useMemo(() => advised(job), [job]);
  const [shown, more] = useFirst(warnings, AT_ONCE, "warnings");
  if (warnings.length === 0) return null;
  return html`<${Panel} title="Warnings" class="warnings">
    <ul>${shown.map(
      (warning) => html`<li key=${`${warning.code} ${warning.epoch} ${warning.detail}`}>
        <p><${Icon} name="warning" /> <strong>${warning.code.replaceAll("_", " ")}</strong>
          ${
            warning.epoch !== null &&
            html` at <button type="button" class="plain-button" onClick=${() => chosen.choose(warning.epoch)}>epoch ${count(warning.epoch)}</button>`
          }
          <span class="quiet"> ${warning.detail}</span></p>
        ${warning.advice && html`<p>${warning.advice}</p>`}
        ${warning.forkFrom !== null && may(session, "train") && html`<${SlowerFork} job=${job} epoch=${warning.forkFrom} />`}
      </li>`,
    )}</ul>
    ${more}
  </${Panel}>`;
}

/** @param {{job: import("../api/answers.js").Job, epoch: number}} props */
function SlowerFork({ job, epoch }) {
  const rate = number(job.training.optimizer.learning_rate / 2);
  return html`<${NearestAction}
    epoch=${epoch}
    requestOf=${(/** @type {number} */ from) => ({ method: "POST", path: `v1/jobs/${job.id}:fork`, body: halfRate(job, from) })}
    labelOf=${(/** @type {number} */ from) => `Fork from epoch ${count(from)} with rate ${rate}`}
    onDone=${(/** @type {any} */ made) => show(addressTo({ job: made.id }))}
  />`;
}
