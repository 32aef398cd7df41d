/** The form that makes a fork: from which epoch, with which rate, for how many epochs. */

import { addressTo, show } from "../parts/address.js";
import { count } from "../parts/format.js";
import { html, useState } from "../vendor/htm-preact.js";
import { forkBody } from "./command_choice.js";
import { NearestAction } from "./nearest_action.js";

/** @param {{job: import("../api/answers.js").Job, chosen: import("../parts/chosen_epoch.js").ChosenEpoch, onClose: () => void}} props */
export function ForkForm({ job, chosen, onClose }) {
  const [epoch, setEpoch] = useState(/** @type {number | null} */ (null)); // null: the chosen epoch
  const [rate, setRate] = useState(job.training.optimizer.learning_rate);
  const [epochs, setEpochs] = useState(job.training.epochs);
  const from = epoch ?? chosen.epoch;
  const field = (/** @type {string} */ label, /** @type {number} */ value, /** @type {(value: number) => void} */ set, /** @type {any} */ rest) =>
    html`<label>${label} <input type="number" value=${value} ...${rest} onInput=${(/** @type {{target: HTMLInputElement}} */ event) => {
      if (Number.isFinite(event.target.valueAsNumber)) set(event.target.valueAsNumber);
    }} /></label>`;
  return html`<fieldset class="fork"><legend>Fork: a new job that goes on from one of these epochs</legend>
    <div class="fields">
      ${field("From epoch", from, (value) => setEpoch(Math.round(value)), { min: 0, max: chosen.newest, step: 1 })}
      ${field("Learning rate", rate, setRate, { min: 0, step: "any" })}
      ${field("Epochs to train", epochs, (value) => setEpochs(Math.round(value)), { min: 1, step: 1 })}
    </div>
    <div class="actions">
      <${NearestAction}
        class="primary"
        epoch=${from}
        requestOf=${(/** @type {number} */ each) => ({ method: "POST", path: `v1/jobs/${job.id}:fork`, body: forkBody(job, { epoch: each, rate, epochs }) })}
        labelOf=${(/** @type {number} */ each) => `Fork from epoch ${count(each)}`}
        onDone=${(/** @type {any} */ made) => show(addressTo({ job: made.id }))}
      />
      <button type="button" class="button" onClick=${onClose}>Close</button>
    </div>
  </fieldset>`;
}
