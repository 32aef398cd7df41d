/** Pictures of what a network has learnt, where its inputs can be drawn: one input, two inputs, or pixels. */

import { useHeld } from "../api/held.js";
import { useResource } from "../api/resource.js";
import { numberColumns, useRows } from "../parts/dataset_rows.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { datasetPath, rowOf } from "../parts/row_choice.js";
import { useSettled } from "../parts/settled.js";
import { html, useMemo } from "../vendor/htm-preact.js";
import { CurveView } from "./curve_view.js";
import { ImageView } from "./image_view.js";
import { pictureOf } from "./kind.js";
import { PlaneView } from "./plane_view.js";
import { statisticsOf } from "./statistics.js";

const POINTS = 500; // rows that are drawn as points

/** @param {import("../parts/job_data.js").PartProps} props */
export function PicturesTab(props) {
  const { job, chosen, state } = props;
  const kind = pictureOf(job);
  const epoch = useSettled(chosen.epoch);
  const row = rowOf(state.row);
  const dataset = useResource(datasetPath(job), { fields: "columns,rows" });
  const rows = useHeld(useRows(job, kind === "image" ? row : 0, kind === "image" ? 1 : POINTS));
  const statistics = useMemo(() => dataset.data && statisticsOf(dataset.data.columns, numberColumns(job) ?? []), [dataset.data]);
  const content = html`<${Shown} of=${dataset} what="the dataset">${() => html`<${Shown} of=${rows} what="the rows">${(/** @type {any} */ answer) => {
    const View = kind === "image" ? ImageView : kind === "plane" ? PlaneView : CurveView;
    return html`<${View} job=${job} chosen=${chosen} epoch=${epoch} row=${row} rows=${answer.data} statistics=${statistics} />`;
  }}</${Shown}>`}</${Shown}>`;
  if (kind === "image") return html`<div class="pictures">${content}</div>`;
  return html`<${Panel} title=${kind === "plane" ? "What it answers everywhere" : "The curve it has learnt"} class="pictures">${content}</${Panel}>`;
}
