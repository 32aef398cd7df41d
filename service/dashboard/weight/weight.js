/** The part of a job's page that is about one weight: its error curve, what it contributes, what it does together with another. */

import { change } from "../parts/address.js";
import { edgeOfPlace } from "../parts/edge.js";
import { rowOf } from "../parts/row_choice.js";
import { useSettled } from "../parts/settled.js";
import { html } from "../vendor/htm-preact.js";
import { WeightChoice } from "./choice.js";
import { ContributionPanel } from "./contribution_bars.js";
import { firstPlace, placeOf } from "./place.js";
import { SlopePanel } from "./slope.js";
import { SurfacePanel } from "./surface.js";
import { TwinPanel } from "./twin.js";

/** @param {import("../parts/job_data.js").PartProps} props */
export function Weight({ job, chosen, state }) {
  const epoch = useSettled(chosen.epoch);
  const named = placeOf(state.edge, job.network);
  const place = named ?? firstPlace(job.network);
  const row = rowOf(state.row);
  const shared = { job, epoch, row, place, notation: state.notation };
  return html`
    <${SlopePanel} ...${shared}>
      ${state.edge && !named && html`<p class="note">This network has no weight <code>${state.edge.slice(0, 40)}</code>; the first of its last layer is shown.</p>`}
      <${WeightChoice} label="Weight" place=${place} network=${job.network} notation=${state.notation}
        choose=${(/** @type {any} */ wanted) => change({ edge: edgeOfPlace(wanted) }, { replace: true })} />
    </${SlopePanel}>
    <div class="columns"><${ContributionPanel} ...${shared} /><${TwinPanel} ...${shared} /></div>
    <${SurfacePanel} ...${shared} against=${state.against} />
  `;
}
