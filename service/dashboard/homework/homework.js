/** Homework: one step of backpropagation of the chosen epoch and row with numbers left out, to be filled in and checked. */

import { ApiError } from "../api/client.js";
import { change } from "../parts/address.js";
import { NearestEpoch, requestAt, useAtEpoch } from "../parts/at_epoch.js";
import { count } from "../parts/format.js";
import { Link } from "../parts/link.js";
import { Empty, Panel } from "../parts/panel.js";
import { RowChoice, rowOf } from "../parts/row_choice.js";
import { Shown } from "../parts/resource_view.js";
import { useSettled } from "../parts/settled.js";
import { html } from "../vendor/htm-preact.js";
import { Blanks } from "./blanks.js";
import { Given } from "./given.js";
import { SaveButton } from "./save.js";

/** What may be left out: as the API takes it, and in words. */
const KINDS = /** @type {[string, string][]} */ ([
  ["delta", "the deltas"],
  ["gradients", "the gradients"],
  ["delta,gradients", "deltas and gradients"],
  ["weighted_inputs,activations", "the forward pass"],
]);

/** @param {import("../parts/job_data.js").PartProps} props */
export function Homework({ job, chosen, state }) {
  const epoch = useSettled(chosen.epoch);
  const row = rowOf(state.row);
  const blank = KINDS.some(([kind]) => kind === state.blank) ? state.blank : KINDS[0][0];
  const worksheet = useAtEpoch(job.id, epoch, ":trace", { blank, format: "json", key: false }, { row });
  const isEarly = state.epoch === undefined; // at the newest epoch a network that has learnt has hardly any error to compute with
  const stay = () => (isEarly || chosen.follows) && chosen.choose(chosen.epoch); // so that a job that trains does not change the sheet
  return html`<${Panel} title="Homework: compute one step by hand" class="homework" aside=${html`<${RowChoice} job=${job} row=${row} />`}>
    <p class="intro">The network of this epoch gets one row. Work out the numbers that are left out with a pencil or a pocket calculator,
      from the last layer back. The check says where an error began.</p>
    <p><label>Left out are <select value=${blank} onChange=${(/** @type {{target: HTMLSelectElement}} */ event) => change({ blank: event.target.value === KINDS[0][0] ? null : event.target.value }, { replace: true })}>
      ${KINDS.map(([kind, words]) => html`<option value=${kind} selected=${kind === blank}>${words}</option>`)}</select></label></p>
    ${worksheet.error instanceof ApiError && worksheet.error.status === 422
      ? html`<${Empty} title="No worksheet of this"><p>${worksheet.error.message}.</p><p><${Link} to=${{ view: "tour" }}>The tour</${Link}> makes a network that is small enough.</p></${Empty}>`
      : html`<${Shown} of=${worksheet} what="the worksheet">${(/** @type {any} */ sheet) => html`<div aria-busy=${worksheet.loading}>
      <${NearestEpoch} shown=${sheet.epoch} wanted=${epoch} />
      ${isEarly && html`<p class="note">No epoch is chosen, so this is epoch ${count(sheet.epoch)}: ${sheet.epoch === 0 ? "the network before its first update, usually with biases of 0" : "early in the training"}, where the error is large. The slider chooses another.</p>`}
      <${Given} worksheet=${sheet} />
      <h3 class="yours">Your numbers</h3>
      <${Blanks} key=${JSON.stringify([sheet.epoch, sheet.inputs, sheet.blank])} job=${job.id} worksheet=${sheet} row=${row} notation=${state.notation} onWrite=${stay} />
      <p class="actions print">On paper:
        ${[false, true].map((key) => html`<${SaveButton} label=${key ? "Save the worksheet with the key" : "Save the worksheet"}
          name=${`worksheet-epoch-${sheet.epoch}-row-${row}${key ? "-key" : ""}.html`}
          request=${requestAt(job.id, sheet.epoch, ":trace", { blank, format: "html", key }, { row })} />`)}
        <span class="quiet">A page to open and print.</span></p>
    </div>`}</${Shown}>`}
  </${Panel}>`;
}
