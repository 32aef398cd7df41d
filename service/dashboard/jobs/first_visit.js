/** The empty list of jobs: one button that trains a first network. */

import { addressTo, show } from "../parts/address.js";
import { Action } from "../parts/action.js";
import { Link } from "../parts/link.js";
import { PRESETS, presetOf } from "../new_job/presets.js";
import { html } from "../vendor/htm-preact.js";

const ROWS = [
  [0, 0, 0],
  [0, 1, 1],
  [1, 0, 1],
  [1, 1, 0],
];

export function FirstVisit() {
  const others = PRESETS.filter((preset) => preset.id !== "xor");
  return html`<section class="first-visit" aria-labelledby="first-visit-title">
    <div>
      <h2 id="first-visit-title">Train a first network</h2>
      <p>A network learns <strong>XOR</strong>: its output shall be 1 when exactly one of its two inputs is 1. No single neuron can
        do that; three hidden ones can.</p>
      <p>The button sends a job of 2,000 epochs, which takes a second or two, and opens its page. There you see the loss fall, and
        how backpropagation changes each weight.</p>
      <p class="actions"><${Action}
        label="Train XOR" class="primary"
        request=${{ method: "POST", path: "v1/jobs", body: presetOf("xor").body() }}
        onDone=${(/** @type {import("../api/answers.js").Job} */ job) => show(addressTo({ job: job.id }))}
      /></p>
      <p>New to this? <${Link} to=${{ view: "tour" }}>Take the tour</${Link}>: eight short steps show what backpropagation does.</p>
      <p class="quiet">Or begin with ${others.map(
        ({ id, title }, index) => html`${index > 0 && (index === others.length - 1 ? " or " : ", ")}<${Link} to=${{ new: `job.${id}` }}>${title}</${Link}>`,
      )}, or with <${Link} to=${{ new: "job" }}>data and settings of your own</${Link}>.</p>
    </div>
    <table class="truth"><caption>What it learns</caption>
      <thead><tr><th scope="col">input 1</th><th scope="col">input 2</th><th scope="col">target</th></tr></thead>
      <tbody>${ROWS.map((row) => html`<tr>${row.map((value) => html`<td>${value}</td>`)}</tr>`)}</tbody>
    </table>
  </section>`;
}
