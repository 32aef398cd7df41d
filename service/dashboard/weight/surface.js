/** The loss over two parameters, with the path that the job took over it; the epoch's place moves with the slider. */

import { change } from "../parts/address.js";
import { NearestEpoch, requestAt, useAtEpoch } from "../parts/at_epoch.js";
import { Curl } from "../parts/curl.js";
import { edgeOfPlace } from "../parts/edge.js";
import { count, counted, number } from "../parts/format.js";
import { weightName } from "../parts/notation.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html } from "../vendor/htm-preact.js";
import { WeightChoice } from "./choice.js";
import { axisOf, isSame, neighbour, placeOf } from "./place.js";
import { SurfaceDrawing } from "./surface_drawing.js";

const POINTS = 31;

/**
 * @param {object} props
 * @param {import("../parts/job_data.js").Job} props.job
 * @param {number} props.epoch
 * @param {import("./place.js").WeightPlace} props.place the chosen weight, on the horizontal axis
 * @param {string | undefined} props.against the weight on the other axis, as in the address
 * @param {string | undefined} props.notation
 */
export function SurfacePanel({ job, epoch, place, against, notation }) {
  const named = placeOf(against, job.network);
  const other = named && !isSame(named, place) ? named : neighbour(place, job.network);
  const query = { x: axisOf(place), y: axisOf(other), points: POINTS };
  const surface = useAtEpoch(job.id, epoch, "/surface", query);
  const [xName, yName] = [place, other].map((each) => weightName(each, notation, job.network.layers));
  return html`<${Panel} title="The loss over two parameters" class="surface-panel" aside=${html`<${Curl} of="The loss surface" request=${requestAt(job.id, epoch, "/surface", query, undefined)} />`}>
    <p>Each point of the map is a network with these two values; its colour is the loss. The job walks downhill from the square to the ring.</p>
    <${WeightChoice} label="Upwards" place=${other} network=${job.network} notation=${notation} choose=${(/** @type {any} */ chosen) => change({ against: edgeOfPlace(chosen) }, { replace: true })} />
    <${Shown} of=${surface} what="the loss surface">${(/** @type {any} */ answer) => html`<div aria-busy=${surface.loading}>
      <${NearestEpoch} shown=${answer.epoch} wanted=${epoch} />
      <${SurfaceDrawing} surface=${answer} xName=${xName} yName=${yName} summary=${summaryOf(answer, xName, yName)} />
      <p class="quiet">All other parameters are those of epoch ${count(answer.epoch)}, so the map changes with the epoch. Loss over ${counted(answer.rows, "row")}.</p>
      <${Path} answer=${answer} xName=${xName} yName=${yName} />
    </div>`}</${Shown}>
  </${Panel}>`;
}

/**
 * Return in sentences what the surface shows.
 *
 * @param {import("./surface_geometry.js").Surface} surface
 * @param {string} xName
 * @param {string} yName
 */
export function summaryOf({ x, y, epoch, loss, path }, xName, yName) {
  const first = path[0];
  const began = first ? ` The job began at ${number(first.x)} and ${number(first.y)}.` : "";
  return `A map of the loss over ${xName} and ${yName}. At epoch ${epoch} they are ${number(x.value)} and ${number(y.value)}, and the loss is ${number(loss)}.${began}`;
}

/** @param {{answer: import("./surface_geometry.js").Surface, xName: string, yName: string}} props */
function Path({ answer, xName, yName }) {
  const stride = Math.ceil(answer.path.length / 12);
  const listed = answer.path.filter((_, index) => index % stride === 0 || index === answer.path.length - 1);
  return html`<details><summary>The path in numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="The path in numbers"><table>
    <thead><tr><th scope="col" class="number">Epoch</th><th scope="col" class="number">${xName}</th><th scope="col" class="number">${yName}</th><th scope="col" class="number">Height of this map</th></tr></thead>
    <tbody>${listed.map((each) => html`<tr><th scope="row" class="number">${count(each.epoch)}</th><td class="number">${number(each.x)}</td><td class="number">${number(each.y)}</td><td class="number">${each.surface_loss === null ? "not finite" : number(each.surface_loss)}</td></tr>`)}</tbody>
  </table></div></details>`;
}
