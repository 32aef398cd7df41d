/** A network whose inputs are pixels: a row as a picture, a drawing of one's own, and the weights of the first layer. */

import { useResource } from "../api/resource.js";
import { ask } from "../api/client.js";
import { useHeld } from "../api/held.js";
import { Curl } from "../parts/curl.js";
import { numberColumns, outputsOf } from "../parts/dataset_rows.js";
import { count, number } from "../parts/format.js";
import { outputNames } from "../parts/labels.js";
import { AtEpoch } from "../parts/not_stored.js";
import { Panel } from "../parts/panel.js";
import { RowChoice } from "../parts/row_choice.js";
import { useSettled } from "../parts/settled.js";
import { html, useState } from "../vendor/htm-preact.js";
import { Bars } from "./bars.js";
import { rescaled, sideOf } from "./images.js";
import { Pad } from "./pad.js";
import { Pixels } from "./pixels.js";
import { WeightPictures } from "./weight_pictures.js";

const SIZE = 240;

/** @param {any} props */
export function ImageView({ job, chosen, epoch, row, rows, statistics }) {
  const names = /** @type {string[]} */ (numberColumns(job));
  const side = /** @type {number} */ (sideOf(names.length));
  const [drawn, setDrawn] = useState(() => Array(side * side).fill(0));
  const range = statistics.inputs;
  const own = rows.find((/** @type {any} */ each) => each.row === row)?.values;
  const values = own ? names.map((name) => own[name]) : null;
  const target = own ? targetText(job, own) : null;
  const ink = useSettled(drawn, 150);
  const isEmpty = ink.every((value) => value === 0);
  return html`
    <p class="quiet">The ${count(names.length)} inputs are shown as ${side} x ${side} pixels, row by row. They run from ${number(range[0])} to ${number(range[1])} in the dataset, so paper is ${number(range[0])} and ink ${number(range[1])}.</p>
    <div class="columns">
      <${Panel} title="A row of the dataset" aside=${html`<${RowChoice} job=${job} row=${row} />`}>
        ${values ? html`<div class="picture-parts"><${Pixels} values=${values} side=${side} domain=${range} size=${SIZE} label=${`Row ${row} as a picture${target === null ? "" : `; its target is ${target}`}`} />
          <${Reading} job=${job} chosen=${chosen} epoch=${epoch} instance=${values} target=${target} /></div>` : html`<p class="quiet">The dataset has no row ${row}.</p>`}
      </${Panel}>
      <${Panel} title="Draw one" aside="mouse, finger or keyboard">
        <div class="picture-parts"><div><${Pad} pixels=${drawn} side=${side} draw=${setDrawn} />
          <p class="actions"><button type="button" class="button" onClick=${() => setDrawn(Array(side * side).fill(0))}>Clear</button>
            ${values && html`<button type="button" class="button" onClick=${() => setDrawn(rescaled(values, range, [0, 1]))}>Take row ${row}</button>`}</p></div>
          ${isEmpty ? html`<p class="quiet">Draw on the pad, and the network of epoch ${count(chosen.epoch)} reads it as you draw.</p>` : html`<${Reading} job=${job} chosen=${chosen} epoch=${epoch} instance=${rescaled(ink, [0, 1], range)} target=${null} />`}
        </div>
      </${Panel}>
    </div>
    <${WeightPictures} job=${job} chosen=${chosen} epoch=${epoch} side=${side} />`;
}

/** @param {any} props what the network reads in a picture */
function Reading({ job, chosen, epoch, instance, target }) {
  const path = `v1/jobs/${job.id}/epochs/${epoch}:predict`;
  const read = (/** @type {string} */ address, /** @type {any} */ _, /** @type {AbortSignal} */ signal) => ask({ method: "POST", path: address, body: { instances: [instance] }, signal });
  const answer = useHeld(useResource(path, { instance: instance.join() }, read));
  const outputs = outputsOf(job);
  const names = outputNames(job, outputs) ?? [...Array(outputs).keys()].map((index) => `output ${index + 1}`);
  return html`<div class="reading"><${AtEpoch} of=${answer} chosen=${chosen} what="the reading">${(/** @type {any} */ { predictions }) =>
    html`<${Bars} names=${names} values=${predictions[0]} target=${target} />`
  }</${AtEpoch}><${Curl} request=${{ method: "POST", path, body: { instances: [instance] } }} of="the reading of this picture" /></div>`;
}

/**
 * @param {import("../api/answers.js").Job} job
 * @param {Record<string, any>} values
 */
function targetText(job, values) {
  const columns = job.training.preprocessing?.fitted?.targets ?? [];
  return columns.length === 1 && values[columns[0].name] !== undefined ? String(values[columns[0].name]) : null;
}
