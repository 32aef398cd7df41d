/** The page of one job: its head, the slider of epochs, and its tabs, of which one is open. */

import { ApiError } from "../api/client.js";
import { Link } from "../parts/link.js";
import { count } from "../parts/format.js";
import { Shown } from "../parts/resource_view.js";
import { lazily } from "../parts/lazily.js";
import { html } from "../vendor/htm-preact.js";
import { chosenEpoch } from "../parts/chosen_epoch.js";
import { EpochSlider } from "./epoch_slider.js";
import { JobHead } from "./job_head.js";
import { useJob } from "../parts/job_data.js";
import { tabsOf } from "./tabs.js";

const LearningFoot = lazily(() => import("../learning/foot.js"), "LearningFoot");

/** @param {{state: import("../parts/address.js").State, session: import("../api/session.js").Session | null}} props */
export function JobPage({ state, session }) {
  const { resource, latest } = useJob(state.job);
  const isGone = resource.error instanceof ApiError && resource.error.status === 404;
  return html`<${Shown} of=${isGone ? { ...resource, data: null } : resource} what="this job">${(/** @type {import("../api/answers.js").Job} */ job) => {
    const tabs = tabsOf(job);
    const open = tabs.find((tab) => tab.id === state.tab) ?? tabs[0];
    const chosen = chosenEpoch(state, job, latest, open.epoch);
    const Part = open.view;
    return html`
      <${JobHead} job=${job} latest=${latest} session=${session} chosen=${chosen} reload=${resource.reload} />
      <nav class="tabs" aria-label="Parts of this job"><ul>
        ${tabs.map(
          (tab, index) => html`${tab.group !== tabs[index - 1]?.group && html`<li class="tab-group">${tab.group}</li>`}<li><${Link} within=${{ tab: tab === tabs[0] ? null : tab.id }} aria-current=${tab === open ? "page" : null} data-title=${tab.title}>${tab.title}</${Link}></li>`,
        )}
      </ul></nav>
      <${EpochSlider} chosen=${chosen} />
      ${job.forked_from && html`<p class="quiet continues">Epoch 0 here continues epoch ${count(job.forked_from.epoch)} of ${job.forked_from.job}.</p>`}
      <${Part} job=${job} latest=${latest} chosen=${chosen} state=${state} session=${session} reload=${resource.reload} />
      ${open.learning && html`<${LearningFoot} notation=${state.notation} />`}
    `;
  }}</${Shown}>`;
}
