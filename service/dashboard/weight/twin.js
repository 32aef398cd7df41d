/** The twin: the same network with its parameters of epoch 0, which were never updated, next to the network of the chosen epoch. */

import { NearestEpoch, useAtEpoch } from "../parts/at_epoch.js";
import { count, counted, number } from "../parts/format.js";
import { weightName } from "../parts/notation.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html } from "../vendor/htm-preact.js";
import { slopeQuery } from "./place.js";
import { ShotLine } from "./shot_line.js";
import { farthest, outputsOf, twinSentence } from "./twin_outputs.js";

/**
 * @param {object} props
 * @param {import("../parts/job_data.js").Job} props.job
 * @param {number} props.epoch
 * @param {number} props.row
 * @param {import("./place.js").WeightPlace} props.place
 * @param {string | undefined} props.notation
 */
export function TwinPanel({ job, epoch, row, place, notation }) {
  const query = { ...slopeQuery(place), points: 3 };
  const [twinSlope, slope] = [useAtEpoch(job.id, 0, "/slope", query), useAtEpoch(job.id, epoch, "/slope", query)];
  const [twinTrace, trace] = [useAtEpoch(job.id, 0, ":trace", {}, { row }), useAtEpoch(job.id, epoch, ":trace", {}, { row })];
  const all = [twinSlope, slope, twinTrace, trace];
  const resource = {
    data: all.every((each) => each.data !== null) ? all.map((each) => each.data) : null,
    error: all.find((each) => each.error)?.error ?? null,
    loading: all.some((each) => each.loading),
    reload: () => all.forEach((each) => each.reload()),
  };
  const name = weightName(place, notation, job.network.layers);
  return html`<${Panel} title="A twin without updates" class="twin" aside=${`row ${count(row)}`}>
    <${Shown} of=${resource} what="the twin">${(/** @type {any} */ [oldSlope, newSlope, oldTrace, newTrace]) => html`<div aria-busy=${resource.loading}>
      <${NearestEpoch} shown=${newTrace.epoch} wanted=${epoch} />
      <p>${twinSentence(oldSlope, newSlope)}</p>
      <div class="scroll" tabindex="0" role="region" aria-label="The twin and the network of the chosen epoch"><table>
        <thead><tr><td></td><th scope="col" class="number">Twin, ${oldTrace.epoch === 0 ? "never updated" : `epoch ${count(oldTrace.epoch)}`}</th><th scope="col" class="number">Epoch ${count(newTrace.epoch)}</th></tr></thead>
        <tbody>
          <${Line} label=${`Loss over ${counted(newSlope.rows, "row")}`} of="loss" before=${oldSlope.loss} after=${newSlope.loss} />
          <${Line} label=${`Loss of row ${count(row)}`} of="row-loss" before=${oldTrace.loss} after=${newTrace.loss} />
          ${outputsOf(oldTrace, newTrace).map(({ label, before, after }) => html`<${Line} label=${label} of="prediction" before=${before} after=${after} />`)}
          <${Line} label=${name} of="value" before=${oldSlope.value} after=${newSlope.value} />
        </tbody>
      </table></div>
      ${farthest(outputsOf(oldTrace, newTrace)).map(({ label, target, before, after }) => html`<p class="shot-label">${label}</p><${ShotLine} label=${label} target=${target} before=${before} after=${after} />`)}
    </div>`}</${Shown}>
  </${Panel}>`;
}

/** @param {{label: string, of: string, before: number | null, after: number | null}} props */
function Line({ label, of, before, after }) {
  return html`<tr><th scope="row">${label}</th>${[before, after].map((value, index) => html`<td class="number" data-of=${`${index ? "epoch" : "twin"}-${of}`} data-value=${value}>${value === null ? "not finite" : number(value)}</td>`)}</tr>`;
}
