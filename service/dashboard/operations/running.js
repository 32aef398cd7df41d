/** The jobs that run, and how far they are. Their epochs come as events, which are shown once a second at most. */

import { listen } from "../api/events.js";
import { count, duration, number } from "../parts/format.js";
import { Empty } from "../parts/panel.js";
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { JobName } from "./job_name.js";

const SHOW_EVERY_MS = 1000;

/** @param {{list: any}} props */
export function Running({ list }) {
  const epochs = useEpochs();
  if (list.data.length === 0) return html`<${Empty} title="Nothing runs"><p>All places are free.</p></${Empty}>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table of running jobs"><table>
      <thead><tr><th scope="col">Job</th><th scope="col">Progress</th><th scope="col" class="number">Loss</th><th scope="col" class="number">Runs for</th></tr></thead>
      <tbody>${list.data.map((/** @type {any} */ job) => html`<${Row} key=${job.id} job=${job} newest=${epochs[job.id]} />`)}</tbody>
    </table></div>
    ${list.has_more && html`<p class="quiet">The newest ${count(list.data.length)} are shown.</p>`}`;
}

/** @param {{job: any, newest: any}} props */
function Row({ job, newest }) {
  const latest = newest ?? job.latest;
  const epoch = latest?.epoch ?? job.progress?.epoch ?? 0;
  const total = job.progress?.epochs ?? job.progress?.epochs_total ?? null;
  return html`<tr>
    <th scope="row"><${JobName} job=${job} /></th>
    <td>${total && html`<progress max=${total} value=${epoch} aria-label="Epochs"></progress> `}<span class="small-text">epoch ${count(epoch)}${total && ` of ${count(total)}`}</span></td>
    <td class="number">${number(latest?.validation_loss ?? latest?.training_loss)}</td>
    <td class="number">${job.started_at ? duration((Date.now() - Date.parse(job.started_at)) / 1000) : "–"}${job.attempt > 1 && html`<span class="warned small-text">attempt ${count(job.attempt)}</span>`}</td>
  </tr>`;
}

/** Return the newest epoch's record of each job that reported since the page was opened. */
function useEpochs() {
  const [shown, setShown] = useState(/** @type {Record<string, any>} */ ({}));
  const newest = useRef(/** @type {Record<string, any>} */ ({}));
  useEffect(() => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const stop = listen((event) => {
      if (!event.job) return;
      if (event.type === "end") delete newest.current[event.job];
      if (event.type !== "epoch") return;
      newest.current[event.job] = event.data;
      timer ??= setTimeout(() => {
        timer = undefined;
        setShown({ ...newest.current });
      }, SHOW_EVERY_MS);
    }, { calmly: true });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  return shown;
}
