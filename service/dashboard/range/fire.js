/** Fires the next shot: trains a held job for one epoch, or makes a held job of this one. */

import { show, addressTo } from "../parts/address.js";
import { may } from "../api/session.js";
import { Action } from "../parts/action.js";
import { count } from "../parts/format.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";

const WAIT_SECONDS = 20;

/** @param {import("../parts/job_data.js").PartProps} props */
export function Fire({ job, latest, chosen, state, session, reload }) {
  const [isFiring, setFiring] = useState(false);
  useEffect(() => {
    if (job.status === "paused") setFiring(false);
  }, [job.status, latest?.epoch]);
  const path = `v1/jobs/${job.id}`;
  if (!may(session, "train")) return html`<p class="quiet">Your key may look, not train.</p>`;
  const isTraining = ["queued", "running"].includes(job.status);
  if (job.status === "paused" || (isTraining && isFiring)) {
    const fired = () => {
      setFiring(true);
      chosen.choose(null);
      reload();
    };
    const fire = (/** @type {number} */ epochs) => ({ method: "POST", path: `${path}:step`, body: { epochs } });
    return html`<div class="actions fire">
      <${Action} label="Fire" class="primary" disabled=${isTraining} request=${fire(1)} onDone=${fired} title="Trains one epoch" />
      <${Action} label="Fire 10" disabled=${isTraining} request=${fire(10)} onDone=${fired} title="Trains ten epochs" />
      <span class="quiet" role="status">${isTraining ? "The shot is on its way …" : "This job is held: each shot is one epoch of training."}</span>
    </div>`;
  }
  if (isTraining) {
    return html`<div class="actions fire"><${Action} label="Hold this job" request=${{ method: "POST", path: `${path}:pause` }} onDone=${reload} />
      <span class="quiet">The job trains by itself. Hold it, and you fire each shot.</span></div>`;
  }
  const fork = { method: "POST", path: `${path}:fork`, query: { wait: WAIT_SECONDS }, body: { epoch: chosen.epoch, hold: true } };
  const forked = (/** @type {any} */ made) => show(addressTo({ job: made.id, tab: "shots", row: state.row }));
  return html`<div class="actions fire"><${Action} label=${`Fire from epoch ${count(chosen.epoch)}`} class="primary" request=${fork} onDone=${forked} />
    <span class="quiet">This job has ended. This makes a new one that starts from epoch ${count(chosen.epoch)} and waits for you to fire.</span></div>`;
}
