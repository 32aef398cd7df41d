/** The processes that train: where they are, when they reported last, and what each is doing. */

import { Icon } from "../parts/icon.js";
import { Link } from "../parts/link.js";
import { counted } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Empty } from "../parts/panel.js";
import { html } from "../vendor/htm-preact.js";
import { secondsAgo } from "./readiness.js";

/** @param {{workers: any[]}} props */
export function Workers({ workers }) {
  if (workers.length === 0) {
    return html`<${Empty} title="No worker"><p>Jobs are accepted, and wait. <code>backprop serve</code> and <code>backprop worker</code> start workers.</p></${Empty}>`;
  }
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table of workers"><table>
    <thead><tr><th scope="col">Worker</th><th scope="col">Heartbeat</th><th scope="col">Doing</th><th scope="col">Trains</th><th scope="col">Version</th></tr></thead>
    <tbody>${workers.map((worker) => html`<tr key=${worker.id}>
      <th scope="row" title=${worker.fingerprint}><${Name} of=${worker.host ?? "unknown host"} most=${24} /> <span class="quiet small-text id">${processOf(worker.id)}</span></th>
      <td><span class=${worker.alive ? "alive" : "lost"}><${Icon} name=${worker.alive ? "check" : "cross"} /> ${secondsAgo(worker.heartbeat_at)}</span></td>
      <td><${Doing} worker=${worker} /></td>
      <td>${counted(worker.places, "job")}${worker.threads !== null && html`<span class="quiet small-text">${counted(worker.threads, "thread")}</span>`}</td><td>${worker.version ?? "–"}</td>
    </tr>`)}</tbody>
  </table></div>`;
}

/** @param {{worker: any}} props */
function Doing({ worker }) {
  if (!worker.alive) return html`<span class="lost">not heard of for 30 s</span>`;
  if (worker.job) return html`<${Link} to=${{ job: worker.job }}><span class="id">${worker.job}</span></${Link}>`;
  if (worker.prediction) return html`<span class="id">${worker.prediction}</span>`;
  if (worker.waits_for) return html`<span class="warned">${worker.waits_for}</span>`;
  return html`<span class="quiet">free</span>`;
}

/** @param {string} id host, namespace, process of the parent and process, separated by colons */
function processOf(id) {
  return `process ${id.slice(id.lastIndexOf(":") + 1)}`;
}
