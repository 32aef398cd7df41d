/** The attempts of a job as a timeline, from the events of its status. */

import { may } from "../api/session.js";
import { useResource } from "../api/resource.js";
import { ago, count, duration } from "../parts/format.js";
import { Curl } from "../parts/curl.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html, useEffect } from "../vendor/htm-preact.js";
import { momentsOf } from "./attempts_of.js";

const MOST = 500; // events

/** @param {import("../parts/job_data.js").PartProps} props */
export function History({ job, session }) {
  const path = `v1/jobs/${job.id}/events`;
  const query = { types: "status", limit: MOST };
  const events = useResource(path, query);
  useEffect(events.reload, [job.status, job.requested, job.attempt]);
  return html`<${Panel} title="What happened" aside=${html`${count(job.attempt)} ${job.attempt === 1 ? "attempt" : "attempts"} <${Curl} request=${{ method: "GET", path, query }} of="Events of this job" />`}>
    ${job.status === "running" && may(session, "admin") && html`<${WorkerOf} id=${job.id} />`}
    <${Shown} of=${events} what="the events">${(/** @type {any} */ answer) => html`<${Timeline} moments=${momentsOf(answer.data)} />
      ${answer.has_more && html`<p class="quiet">Only the first ${count(MOST)} events are shown.</p>`}`}</${Shown}>
  </${Panel}>`;
}

/** @param {{moments: import("./attempts_of.js").Moment[]}} props */
function Timeline({ moments }) {
  if (moments.length === 0) return html`<p class="quiet">The events of this job are no longer stored.</p>`;
  return html`<ol class="timeline">${moments.map(({ id, at, title, detail, kind }, index) => {
    const next = moments[index + 1];
    return html`<li key=${id} class=${kind}>
      <strong>${title}</strong>
      <time datetime=${at} title=${at}>${new Date(at).toLocaleString()}</time>
      <span class="quiet">${next ? `for ${duration((Date.parse(next.at) - Date.parse(at)) / 1000)}` : ago(at)}</span>
      ${detail && html`<p>${detail}</p>`}
    </li>`;
  })}</ol>`;
}

/** The worker that has a job now. @param {{id: string}} props */
function WorkerOf({ id }) {
  const workers = useResource("v1/workers");
  const worker = workers.data?.data.find((/** @type {any} */ each) => each.job === id);
  if (!worker) return null;
  return html`<p>Worker <code>${worker.id}</code> on ${worker.host}, heard from ${ago(worker.heartbeat_at)}.</p>`;
}
