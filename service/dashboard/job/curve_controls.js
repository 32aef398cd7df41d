/** What controls the curves: which series, the scale, and the range of epochs, by buttons and keys. */

import { change } from "../parts/address.js";
import { Curl } from "../parts/curl.js";
import { count } from "../parts/format.js";
import { html } from "../vendor/htm-preact.js";
import { POINTS } from "./curve_rows.js";
import { moved, zoomed } from "./range.js";
import { seriesOf, shownSeries, toggled } from "./series.js";

/**
 * @param {object} props
 * @param {import("../parts/job_data.js").Job} props.job
 * @param {import("../parts/address.js").State} props.state
 * @param {import("../parts/chosen_epoch.js").ChosenEpoch} props.chosen
 * @param {import("./range.js").Range | null} props.range
 * @param {import("./curve_rows.js").Known | null} props.known
 * @param {(range: [number, number] | null) => void} props.onZoom
 */
export function CurveControls({ job, state, chosen, range, onZoom }) {
  const shown = shownSeries(job, state.series).map(({ name }) => name);
  const [first, last] = range ?? [0, chosen.newest];
  const zoom = (/** @type {number} */ factor) => onZoom(zoomed([first, last], factor, chosen.epoch));
  const move = (/** @type {number} */ share) => onZoom(moved([first, last], share, chosen.newest));
  const query = { points: POINTS, ...(range ? { after: first > 0 ? first - 1 : null, until: last } : {}), series: shown };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const act = { "+": () => zoom(0.5), "-": () => zoom(2), 0: () => onZoom(null) }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  return html`<div class="curve-controls" onKeyDown=${onKeyDown}>
    <fieldset class="choices"><legend>Curves</legend>
      ${seriesOf(job).map(
        ({ name, label, colour, dash }) => html`<label key=${name}><input
          type="checkbox" checked=${shown.includes(name)}
          onChange=${() => change({ series: toggled(job, state.series, name) }, { replace: true })}
        /> <${Swatch} colour=${colour} dash=${dash} />${label}</label>`,
      )}
    </fieldset>
    <label class="choice"><input type="checkbox" checked=${state.scale === "log"}
      onChange=${() => change({ scale: state.scale === "log" ? null : "log" }, { replace: true })} /> Logarithmic scale</label>
    <div class="zoom" role="group" aria-label="Range of epochs">
      <button type="button" class="button" onClick=${() => zoom(0.5)} title="Zoom in (key +)" aria-label="Zoom in">+</button>
      <button type="button" class="button" onClick=${() => zoom(2)} disabled=${!range} title="Zoom out (key −)" aria-label="Zoom out">−</button>
      <button type="button" class="button" onClick=${() => move(-0.5)} disabled=${!range || first <= 0} aria-label="Earlier epochs">‹</button>
      <button type="button" class="button" onClick=${() => move(0.5)} disabled=${!range || last >= chosen.newest} aria-label="Later epochs">›</button>
      <button type="button" class="button" onClick=${() => onZoom(null)} disabled=${!range} title="Key 0, or a double click">All epochs</button>
      <${Curl} request=${{ method: "GET", path: `v1/jobs/${job.id}/epochs`, query }} of="The values of these curves" />
      <span class="quiet range-text">${range ? `epochs ${count(first)} to ${count(last)}` : "Drag over a chart to zoom, click to choose an epoch."}</span>
    </div>
  </div>`;
}

/** @param {{colour: string, dash?: number[]}} props */
function Swatch({ colour, dash }) {
  return html`<svg class="swatch" width="22" height="8" viewBox="0 0 22 8" aria-hidden="true">
    <line x1="0" y1="4" x2="22" y2="4" stroke=${`var(${colour})`} stroke-width="2.5" stroke-dasharray=${dash ? "5 4" : null} />
  </svg>`;
}
