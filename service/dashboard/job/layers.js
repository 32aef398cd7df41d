/** What was measured of each layer over the epochs: errors, weights, steps, and units that learn nothing. */

import { change } from "../parts/address.js";
import { Chart } from "../parts/chart.js";
import { Curl } from "../parts/curl.js";
import { count } from "../parts/format.js";
import { Empty, Panel } from "../parts/panel.js";
import { Trouble } from "../parts/trouble.js";
import { html, useMemo } from "../vendor/htm-preact.js";
import { epochsText } from "./curve_notes.js";
import { POINTS } from "./curve_rows.js";
import { layerSeries, layersNotFiniteAt, MEASURES, MOST_DRAWN } from "./layer_series.js";
import { rangeOf, rangeText } from "./range.js";
import { useCurves } from "./use_curves.js";
import { WarningList } from "./warning_list.js";
import { warningEpochs } from "./warnings.js";

const NO_SERIES = /** @type {string[]} */ ([]);

/** @param {import("../parts/job_data.js").PartProps} props */
export function Layers({ job, latest, chosen, state, session }) {
  const range = rangeOf(state.range);
  const path = `v1/jobs/${job.id}/layers`;
  const { known, error, reload } = useCurves(path, NO_SERIES, range, latest?.epoch ?? null);
  const isLog = state.scale === "log";
  const onZoom = (/** @type {[number, number] | null} */ wanted) => change({ range: rangeText(wanted, chosen.newest) }, { replace: true });
  if (error) return html`<${Trouble} error=${error} again=${reload} what="the layers" />`;
  if (!known) return html`<p class="waiting" aria-live="polite">${latest ? "Reading the layers …" : "The job has no epochs yet."}</p>`;
  if (known.records.length === 0) return html`<${Empty} title="Nothing was measured here"><p>The layers are measured from epoch 1 on.</p></${Empty}>`;
  return html`
    <div class="curve-controls">
      <label class="choice"><input type="checkbox" checked=${isLog}
        onChange=${() => change({ scale: isLog ? null : "log" }, { replace: true })} /> Logarithmic scale</label>
      <button type="button" class="button" onClick=${() => onZoom(null)} disabled=${!range}>All epochs</button>
      <${Curl} request=${{ method: "GET", path, query: { points: POINTS } }} of="What was measured of the layers" />
    </div>
    ${job.network.layers.length > MOST_DRAWN && html`<p class="note">${MOST_DRAWN} of ${count(job.network.layers.length)} layers are drawn, from the first one to the last. What was measured of all is in the answer to the command.</p>`}
    <div class="curves several">${MEASURES.map(
      (measure) => html`<${Measure} key=${measure.name} measure=${measure} job=${job} records=${known.records} chosen=${chosen} range=${range} isLog=${isLog} onZoom=${onZoom} />`,
    )}</div>
    <${WarningList} job=${job} session=${session} chosen=${chosen} />
  `;
}

/** @param {any} props */
function Measure({ measure, job, records, chosen, range, isLog, onZoom }) {
  const { name, title, yLabel, help } = measure;
  const drawn = useMemo(
    () => ({ x: records.map((/** @type {any} */ each) => each.epoch), series: layerSeries(records, name, job.network.layers) }),
    [records, name],
  );
  if (drawn.series.length === 0) return null;
  const log = isLog && yLabel !== "share";
  const gaps = layersNotFiniteAt(records, name);
  return html`<${Panel} title=${title} class="chart-panel">
    <p class="quiet help">${help}</p>
    <${Chart} label=${`${title} by epoch`} x=${drawn.x} series=${drawn.series} xLabel="epoch" yLabel=${log ? `${yLabel} (log)` : yLabel}
      log=${log} height=${240} marker=${chosen.epoch} marks=${warningEpochs(job)} xRange=${range ?? [0, Math.max(chosen.newest, 1)]} sync="layers"
      onChoose=${(/** @type {number} */ epoch) => chosen.choose(Math.min(epoch, chosen.newest))} onZoom=${onZoom} />
    ${gaps.length > 0 && html`<ul class="notes"><li>Not finite at ${epochsText(gaps)}, left out as a gap.</li></ul>`}
  </${Panel}>`;
}
