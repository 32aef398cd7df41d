/** The curves of a job alone, for a frame in another page. */

import { addressWithin } from "../parts/address.js";
import { shortened } from "../parts/format.js";
import { Shown } from "../parts/resource_view.js";
import { Status } from "../parts/status.js";
import { html } from "../vendor/htm-preact.js";
import { CurvePanels } from "./curves.js";
import { chosenEpoch } from "../parts/chosen_epoch.js";
import { useJob } from "../parts/job_data.js";
import { progressText } from "./job_head.js";

/** @param {{state: import("../parts/address.js").State, session: import("../api/session.js").Session | null}} props */
export function EmbeddedCurves({ state, session }) {
  const { resource, latest } = useJob(state.job);
  return html`<${Shown} of=${resource} what="this job">${(/** @type {import("../api/answers.js").Job} */ job) => html`
    <${CurvePanels} bare job=${job} latest=${latest} chosen=${chosenEpoch(state, job, latest)} state=${state} session=${session} reload=${resource.reload} />
    <p class="embedded-source"><a href=${addressWithin({ embed: null })} target="_blank" rel="noopener">${shortened(job.model?.name ?? job.id, 60)}</a>
      <${Status} status=${job.status} requested=${job.requested} /> <span class="quiet">${progressText(job, latest)}</span></p>
  `}</${Shown}>`;
}
