/** The head of a job's page: its name, status, progress and origin, and the commands for it. */

import { count, duration, percent, shortened } from "../parts/format.js";
import { Status } from "../parts/status.js";
import { html } from "../vendor/htm-preact.js";
import { Commands } from "./commands.js";
import { Lineage } from "./lineage.js";

/** @param {Pick<import("../parts/job_data.js").PartProps, "job" | "latest" | "session" | "chosen" | "reload">} props */
export function JobHead({ job, latest, session, chosen, reload }) {
  const name = job.model?.name ?? job.id;
  return html`
    <div class="job-head">
      <h1 title=${name}>${shortened(name, 60)} ${name !== job.id && html`<span class="quiet id">${job.id}</span>`}</h1>
      <p><${Status} status=${job.status} requested=${job.requested} /> <span class="quiet">${progressText(job, latest)}</span></p>
    </div>
    <${Lineage} job=${job} />
    ${job.error && html`<p class="job-error" role="status"><strong>${job.error.code.replaceAll("_", " ")}</strong>: ${job.error.detail}</p>`}
    ${job.waiting && html`<p class="quiet">Waiting${job.waiting.position ? `, number ${count(job.waiting.position)} in the queue` : ""}: ${String(job.waiting.reason).replaceAll("_", " ")}</p>`}
    <${Commands} job=${job} session=${session} chosen=${chosen} reload=${reload} />
  `;
}

/**
 * Say how far a job is.
 *
 * @param {import("../api/answers.js").Job} job
 * @param {any} latest
 */
export function progressText(job, latest) {
  const epoch = latest?.epoch ?? job.progress.epoch;
  const { epochs, eta_seconds: eta } = job.progress;
  const where = `epoch ${count(epoch)} of ${count(epochs)}`;
  if (job.status === "running") return `${where}, ${percent(epochs ? epoch / epochs : 1)}${eta ? `, about ${duration(eta)} left` : ""}`;
  if (job.stopped) return `${where}, stopped: ${String(job.stopped.reason).replaceAll("_", " ")}`;
  return where;
}
