/** Fires the next shot: trains a held job for one epoch, or makes a held job of this one. */

import { show, addressTo } from "../app/address.js";
import { may } from "../api/session.js";
import { Action } from "../parts/action.js";
import { count } from "../parts/format.js";
import { html } from "../vendor/htm-preact.js";

const WAIT_SECONDS = 20;

/** @param {import("../job/page.js").PartProps} props */
export function Fire({ job, chosen, state, session, reload }) {
  const path = `v1/jobs/${job.id}`;
  const query = { wait: WAIT_SECONDS };
  if (!may(session, "train")) return html`<p class="quiet">Your key may look, not train.</p>`;
  if (job.status === "paused") {
    const fired = () => {
      chosen.choose(null);
      reload();
    };
    const fire = (/** @type {number} */ epochs) => ({ method: "POST", path: `${path}:step`, query, body: { epochs } });
    return html`<div class="actions fire">
      <${Action} label="Fire" class="primary" request=${fire(1)} onDone=${fired} title="Trains one epoch" />
      <${Action} label="Fire 10" request=${fire(10)} onDone=${fired} title="Trains ten epochs" />
      <span class="quiet">This job is held: each shot is one epoch of training.</span>
    </div>`;
  }
  if (["queued", "running"].includes(job.status)) {
    return html`<div class="actions fire"><${Action} label="Hold this job" request=${{ method: "POST", path: `${path}:pause`, query }} onDone=${reload} />
      <span class="quiet">The job trains by itself. Hold it, and you fire each shot.</span></div>`;
  }
  const fork = { method: "POST", path: `${path}:fork`, query, body: { epoch: chosen.epoch, hold: true } };
  const forked = (/** @type {any} */ made) => show(addressTo({ job: made.id, tab: "shots", row: state.row }));
  return html`<div class="actions fire"><${Action} label=${`Fire from epoch ${count(chosen.epoch)}`} class="primary" request=${fork} onDone=${forked} />
    <span class="quiet">This job has ended. This makes a new one that starts from epoch ${count(chosen.epoch)} and waits for you to fire.</span></div>`;
}
