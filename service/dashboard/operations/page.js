/** Operations on one screen: whether the service is ready, its workers, what runs, what waits, and what failed. */

import { listen } from "../api/events.js";
import { useResource } from "../api/resource.js";
import { Curl } from "../parts/curl.js";
import { Icon } from "../parts/icon.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html, useEffect } from "../vendor/htm-preact.js";
import { Failures } from "./failures.js";
import { Queue } from "./queue.js";
import { Running } from "./running.js";
import { CHECKS, foundBy, inOrder, readReadiness } from "./readiness.js";
import { useEvery } from "./polled.js";
import { Workers } from "./workers.js";

const EVERY_SECONDS = 5; // as often as a worker reports
const FIELDS = "id,status,requested,waiting,created_at,started_at,finished_at,dataset,model,progress,latest,attempt,error,priority";
const QUEUED = 20;
const RUNNING = 50;
const FAILED = 10;
const TITLES = { ready: "Ready", degraded: "Ready, but something is missing", unavailable: "Not ready" };

export function Operations() {
  const readiness = useResource("readyz", {}, readReadiness);
  const workers = useResource("v1/workers", { limit: 100 });
  const running = useResource("v1/jobs", { status: "running", limit: RUNNING, fields: FIELDS });
  const queued = useResource("v1/jobs", { status: "queued", sort: "position", limit: QUEUED, fields: FIELDS });
  const last = useResource(queued.data?.has_more ? "v1/jobs" : null, { status: "queued", sort: "-position", limit: 1, fields: "waiting" });
  const failed = useResource("v1/jobs", { status: "failed", limit: FAILED, fields: FIELDS });
  useEvery(EVERY_SECONDS, [readiness.reload, workers.reload]);
  useEffect(
    () =>
      listen((event) => {
        if (event.type === "epoch" || event.type === "warning") return;
        for (const each of [running, queued, last, failed, workers]) each.reload();
      }, { calmly: true }),
    [],
  );
  return html`<div class="view-head"><h1>Operations</h1></div>
    <${Readiness} of=${readiness} />
    <div class="columns">
      <${Panel} class="operations-part" title="Workers" aside=${html`<${Curl} of="Workers" request=${{ method: "GET", path: "v1/workers" }} />`}>
        <${Shown} of=${workers} what="the workers">${(/** @type {any} */ list) => html`<${Workers} workers=${list.data} />`}</${Shown}>
      </${Panel}>
      <${Panel} class="operations-part" title="Running" aside=${html`<${Curl} of="Running jobs" request=${{ method: "GET", path: "v1/jobs", query: { status: "running" } }} />`}>
        <${Shown} of=${running} what="the running jobs">${(/** @type {any} */ list) => html`<${Running} list=${list} />`}</${Shown}>
      </${Panel}>
    </div>
    <div class="columns">
      <${Panel} class="operations-part" title="Queue" aside=${html`<${Curl} of="Queued jobs" request=${{ method: "GET", path: "v1/jobs", query: { status: "queued", sort: "position" } }} />`}>
        <${Shown} of=${queued} what="the queue">${(/** @type {any} */ list) => html`<${Queue} jobs=${list.data} hasMore=${list.has_more} total=${last.data?.data[0]?.waiting?.position ?? null} />`}</${Shown}>
      </${Panel}>
      <${Panel} class="operations-part" title="What failed last" aside=${html`<${Curl} of="Failed jobs" request=${{ method: "GET", path: "v1/jobs", query: { status: "failed", limit: FAILED } }} />`}>
        <${Shown} of=${failed} what="the failed jobs">${(/** @type {any} */ list) => html`<${Failures} list=${list} />`}</${Shown}>
      </${Panel}>
    </div>`;
}

/** @param {{of: import("../api/resource.js").Resource<import("./readiness.js").Readiness>}} props */
function Readiness({ of }) {
  return html`<${Shown} of=${of} what="the readiness">${(/** @type {import("./readiness.js").Readiness} */ found) => html`
    <section class=${`readiness ${found.status}`} aria-label="Readiness">
      <h2 role="status"><${Icon} name=${found.status === "ready" ? "check" : found.status === "degraded" ? "warning" : "cross"} /> ${TITLES[found.status]}</h2>
      <ul>${inOrder(found.checks).map(
        ([name, check]) => html`<li key=${name} class=${check.ok ? "ok" : "not-ok"}>
          <span class="check-name"><${Icon} name=${check.ok ? "check" : "cross"} /> ${CHECKS[name] ?? name}<span class="visually-hidden">${check.ok ? ": in order" : ": not in order"}</span></span>
          <span class="check-found">${foundBy(name, check)}</span>
          ${check.since && html`<span class="quiet">since ${check.since.slice(0, 19).replace("T", " ")} UTC</span>`}
        </li>`,
      )}</ul>
    </section>`}</${Shown}>`;
}
