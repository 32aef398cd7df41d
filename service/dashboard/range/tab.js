/** The firing range: where each epoch's shot for one row lands, and how far from its target. */

import { useHeld } from "../api/held.js";
import { useResource } from "../api/resource.js";
import { Curl } from "../parts/curl.js";
import { instanceOf, outputsOf, targetsOf, useRows } from "../parts/dataset_rows.js";
import { count, number, shortened } from "../parts/format.js";
import { outputNames } from "../parts/labels.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { RowChoice, rowOf } from "../parts/row_choice.js";
import { useSettled } from "../parts/settled.js";
import { signed } from "../parts/signed.js";
import { Trouble } from "../parts/trouble.js";
import { html, useState } from "../vendor/htm-preact.js";
import { Fire } from "./fire.js";
import { usePredictions } from "./predictions.js";
import { RangeDrawing } from "./range_drawing.js";
import { shotsOf } from "./shots.js";

const RECORDS = 1000;
const PROBABILITIES = ["sigmoid", "softmax"];

/** @param {import("../parts/job_data.js").PartProps} props */
export function RangeTab(props) {
  const { job, chosen, state } = props;
  const row = rowOf(state.row);
  const rows = useHeld(useRows(job, row, 1));
  const newest = useSettled(chosen.newest, 400);
  const records = useHeld(useResource(`v1/jobs/${job.id}/epochs`, { points: RECORDS, until: newest }));
  return html`<${Panel} title="Firing range" class="range" aside=${html`<${RowChoice} job=${job} row=${row} />`}>
    <${Fire} ...${props} />
    <${Shown} of=${rows} what="the row">${(/** @type {any} */ answer) =>
      html`<${Shown} of=${records} what="the epochs">${(/** @type {any} */ epochs) => {
        const values = answer.data[0]?.values;
        if (!values) return html`<p class="note">The dataset has no row ${count(row)}.</p>`;
        const stored = epochs.data.filter((/** @type {any} */ each) => each.parameters_stored).map((/** @type {any} */ each) => each.epoch);
        return html`<${Shots} ...${props} row=${answer.data[0].row} values=${values} stored=${stored} newest=${newest} />`;
      }}</${Shown}>`
    }</${Shown}>
  </${Panel}>`;
}

/** @param {any} props */
function Shots({ job, chosen, row, values, stored, newest }) {
  const [wanted, setOutput] = useState(/** @type {number | null} */ (null));
  const epoch = useSettled(chosen.epoch);
  const outputs = outputsOf(job);
  const targets = targetsOf(job, values, outputs);
  const output = wanted ?? Math.max(targets.indexOf(1), 0);
  const instance = instanceOf(job, values);
  const epochs = shotsOf(stored, newest, epoch);
  const { shots, error, missing } = usePredictions(job.id, row, instance, epochs);
  const names = outputNames(job, outputs) ?? [...Array(outputs).keys()].map((index) => `output ${index + 1}`);
  const { layers } = job.network;
  const isProbability = job.targets?.kind === "classes" && PROBABILITIES.includes(layers[layers.length - 1].activation);
  const landed = [...shots].filter(([, shot]) => shot !== null).map(([at, shot]) => ({ epoch: at, value: /** @type {number[]} */ (shot)[output] }));
  const label = isProbability ? `probability ${outputs === 1 ? `that it ${names[0]}` : `of ${names[output]}`}` : names[output];
  const target = targets[output];
  const request = { method: "POST", path: `v1/jobs/${job.id}/epochs/${epoch}:predict`, body: { instances: [instance] } };
  return html`
    <p class="range-note">One row is fired again and again. Each dot is where an epoch's network puts it; the line is its target${
      target === null ? ", which this row does not have" : `, ${number(target)}`
    }. ${outputs > 1 && html`<label>Output <select value=${output} onChange=${(/** @type {{target: HTMLSelectElement}} */ event) => setOutput(Number(event.target.value))}>
      ${names.slice(0, 200).map((name, index) => html`<option value=${index}>${shortened(name, 40)}</option>`)}</select></label>`}
      <${Curl} request=${request} of="the prediction of this row" /></p>
    ${error && html`<${Trouble} error=${error} what="the shots" />`}
    <${RangeDrawing} shots=${landed} target=${target} chosen=${epoch} newest=${newest} label=${shortened(label, 60)} isProbability=${isProbability} />
    ${missing > 0 && !error && html`<p class="quiet" role="status">${count(missing)} shots are still to come.</p>`}
    ${shots.get(epoch) === null && html`<p class="note">The parameters of epoch ${count(epoch)} are not stored; the last shot is that of a stored epoch before it.</p>`}
    <details class="layer-tables"><summary>The shots as a table</summary><div class="scroll"><table>
      <thead><tr><th scope="col" class="number">epoch</th><th scope="col" class="number">shot</th><th scope="col" class="number">error</th></tr></thead>
      <tbody>${landed.map((shot) => html`<tr key=${shot.epoch}><th scope="row" class="number">${count(shot.epoch)}</th><td class="number">${number(shot.value, 6)}</td>
        <td class="number">${target === null ? "–" : signed(shot.value - target, 6)}</td></tr>`)}</tbody>
    </table></div></details>`;
}
