/** The curves of the losses over the epochs. */

import { useResource } from "../api/resource.js";
import { Chart } from "../parts/chart.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html, useEffect } from "../vendor/htm-preact.js";

const POINTS = 1000;

/** @param {import("./page.js").PartProps} props */
export function Curves({ job, latest, chosen }) {
  const curves = useResource(`v1/jobs/${job.id}/epochs`, { points: POINTS });
  useEffect(curves.reload, [latest?.epoch]);
  return html`<${Panel} title="Loss">
    <${Shown} of=${curves} what="the curves">${(/** @type {any} */ answer) => {
      const epochs = answer.data;
      return html`<${Chart}
        label="Training and validation loss by epoch"
        x=${epochs.map((/** @type {any} */ each) => each.epoch)}
        xLabel="epoch"
        yLabel="loss"
        series=${[
          { label: "training loss", colour: "--training", values: epochs.map((/** @type {any} */ each) => each.training_loss) },
          { label: "validation loss", colour: "--validation", values: epochs.map((/** @type {any} */ each) => each.validation_loss) },
        ].filter((each) => each.values.some((/** @type {number | null} */ value) => value !== null))}
        marker=${chosen.epoch}
        onChoose=${chosen.choose}
      />`;
    }}</${Shown}>
  </${Panel}>`;
}
