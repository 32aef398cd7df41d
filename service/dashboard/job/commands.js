/** What can be done with a job, in its head: only what its state and the key allow. */

import { may } from "../api/session.js";
import { addressTo, show } from "../parts/address.js";
import { Action } from "../parts/action.js";
import { html, useState } from "../vendor/htm-preact.js";
import { allowed, requestOf } from "./command_choice.js";
import { Exports } from "./exports.js";
import { ForkForm } from "./fork_form.js";

const LABELS = { pause: "Pause", resume: "Resume", cancel: "Cancel", replay: "Replay", delete: "Delete" };
const TITLES = {
  pause: "Stops at the end of the epoch; it can go on later, bit for bit",
  resume: "Goes on where it stopped",
  cancel: "Ends the job; its epochs stay stored",
  replay: "Trains the same again as a job of its own, and says whether every number is the same",
  delete: "Removes the job with its epochs",
};

/** @param {Pick<import("../parts/job_data.js").PartProps, "job" | "session" | "chosen" | "reload">} props */
export function Commands({ job, session, chosen, reload }) {
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const [forks, setForks] = useState(false);
  const commands = may(session, "train") ? allowed(job) : [];
  const done = { replay: (/** @type {any} */ made) => show(addressTo({ job: made.id })), delete: () => show(addressTo({})) };
  const simple = /** @type {(keyof typeof LABELS)[]} */ (commands.filter((each) => each in LABELS));
  const action = (/** @type {keyof typeof LABELS} */ command) => html`<${Action}
    key=${command}
    label=${LABELS[command]}
    title=${TITLES[command]}
    class=${command === "delete" ? "danger" : ""}
    request=${requestOf(job.id, command)}
    confirm=${command === "delete" ? `Delete ${job.id} with all its epochs? Its model's versions stay.` : undefined}
    onError=${setError}
    onDone=${done[/** @type {keyof typeof done} */ (command)] ?? reload}
  />`;
  return html`<div class="commands">
    <div class="actions">
      ${simple.filter((each) => each !== "delete" && each !== "replay").map(action)}
      ${commands.includes("step") && html`<${Step} job=${job} onDone=${reload} onError=${setError} />`}
      ${
        commands.includes("fork") &&
        html`<button type="button" class="button" aria-expanded=${forks} onClick=${() => setForks(!forks)}
          title="Makes a new job that goes on from one of this job's epochs; this job stays as it is">Fork …</button>`
      }
      ${simple.filter((each) => each === "delete" || each === "replay").map(action)}
      <${Exports} model=${job.model} />
    </div>
    ${error && html`<p class="action-error" role="alert">${error.message}</p>`}
    ${forks && commands.includes("fork") && html`<${ForkForm} job=${job} chosen=${chosen} onClose=${() => setForks(false)} />`}
  </div>`;
}

/** @param {{job: import("../api/answers.js").Job, onDone: () => void, onError: (error: Error | null) => void}} props */
function Step({ job, onDone, onError }) {
  const [epochs, setEpochs] = useState(1);
  return html`<span class="step-epochs">
    <${Action}
      label="Step"
      title="Trains so many epochs, then pauses again"
      request=${{ method: "POST", path: `v1/jobs/${job.id}:step`, body: { epochs } }}
      onDone=${onDone}
      onError=${onError}
    />
    <input type="number" min="1" value=${epochs} aria-label="Epochs of a step"
      onInput=${(/** @type {{target: HTMLInputElement}} */ event) => setEpochs(Math.max(Math.round(event.target.valueAsNumber) || 1, 1))} />
    <span class="quiet">${epochs === 1 ? "epoch" : "epochs"}</span>
  </span>`;
}
