/** The comparison of several jobs: their curves, and the settings in which they differ. */

import { change } from "../parts/address.js";
import { Chart } from "../parts/chart.js";
import { Link } from "../parts/link.js";
import { Empty, Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { count, shortened } from "../parts/format.js";
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { useCompared } from "./compared.js";
import { aligned, lineStyle, pointsOf } from "./curves.js";
import { SettingsTable } from "./settings_table.js";

/** @typedef {import("./compared.js").Compared} Compared */

const DRAWN_AT_FIRST = 10;
const MOST_READ = 50; // one after the other

/** @param {{state: import("../parts/address.js").State}} props */
export function Compare({ state }) {
  const named = [...new Set((state.compare ?? "").split(",").map((id) => id.trim()).filter(Boolean))];
  const ids = named.slice(0, MOST_READ);
  const [drawsAll, setDrawsAll] = useState(false);
  const drawn = drawsAll ? ids.length : Math.min(ids.length, DRAWN_AT_FIRST);
  const compared = useCompared(ids, drawn);
  return html`<h1>Compared jobs</h1>
    <p><${Link} to=${{}}>All jobs</${Link}></p>
    ${named.length > MOST_READ && html`<p class="note">The first ${MOST_READ} of ${count(named.length)} jobs are compared, as each is read by itself.</p>`}
    <${Shown} of=${compared} what="the jobs">${(/** @type {Compared[]} */ found) => html`
      <${Missing} found=${found} ids=${named} />
      ${found.every(({ job }) => job === null)
        ? html`<${Empty} title="There is nothing to compare"><p>Choose jobs in the <${Link} to=${{}}>list of jobs</${Link}>.</p></${Empty}>`
        : html`<${Curves} found=${found} drawn=${drawn} drawAll=${() => setDrawsAll(true)} state=${state} />
            <${SettingsTable} found=${found} drawn=${drawn} ids=${named} />`}
    `}</${Shown}>`;
}

/** @param {{found: Compared[], ids: string[]}} props */
function Missing({ found, ids }) {
  const missing = found.filter((each) => each.missing !== null);
  if (missing.length === 0) return null;
  const others = ids.filter((id) => !missing.some((each) => each.id === id));
  return html`<div class="note compare-missing"><p>${missing.length === 1 ? "One job is not there; it may" : `${missing.length} jobs are not there; they may`} have been deleted:</p>
    <ul>${missing.map((each) => html`<li title=${each.id}><code>${shortened(each.id)}</code></li>`)}</ul>
    ${others.length > 0 && html`<p><${Link} within=${{ compare: others.join(",") }}>Leave ${missing.length === 1 ? "it" : "them"} out</${Link}></p>`}
  </div>`;
}

/** @param {{found: Compared[], drawn: number, drawAll: () => void, state: import("../parts/address.js").State}} props */
function Curves({ found, drawn, drawAll, state }) {
  const bySeconds = state.by === "seconds";
  const isLog = state.scale === "log";
  const chart = useMemo(() => chartOf(found.slice(0, drawn), bySeconds), [found, drawn, bySeconds]);
  const aside = html`<span class="compare-choices">
    <${Choice} title="Axis" name="by" value=${state.by} options=${[[null, "epochs"], ["seconds", "seconds"]]} />
    <${Choice} title="Loss" name="scale" value=${state.scale} options=${[[null, "linear"], ["log", "logarithmic"]]} />
  </span>`;
  return html`<${Panel} title="Loss" aside=${aside}>
    <${Chart}
      label="Loss of the compared jobs" height=${340} log=${isLog}
      x=${chart.x} series=${chart.series}
      xLabel=${bySeconds ? "training time in s" : "epoch"} yLabel="loss"
    />
    <p class="quiet">Validation loss, or training loss of jobs without validation.
      ${bySeconds && " The time is that of training alone, summed up from the epochs drawn."}
      ${isLog && " A loss of 0 has no place on a logarithmic axis, and is a gap."}</p>
    ${drawn < found.length &&
    html`<p class="note">${drawn} of ${found.length} are drawn. <button type="button" class="button" onClick=${drawAll}>Draw all ${found.length}</button></p>`}
  </${Panel}>`;
}

/**
 * Some buttons of which one is pressed; the first is what holds without a choice.
 *
 * @param {{title: string, name: string, value: string | undefined, options: [string | null, string][]}} props
 */
function Choice({ title, name, value, options }) {
  const chosen = options.find(([option]) => option === value) ?? options[0];
  return html`<span role="group" aria-label=${title} class="compare-choice">${options.map(
    (option) => html`<button type="button" class="button" aria-pressed=${option === chosen}
      onClick=${() => change({ [name]: option[0] }, { replace: true })}>${option[1]}</button>`,
  )}</span>`;
}

/**
 * Return the axis and the series of a chart.
 *
 * @param {Compared[]} found
 * @param {boolean} bySeconds
 */
function chartOf(found, bySeconds) {
  const present = found.map((each, index) => ({ ...each, index })).filter(({ job, epochs }) => job !== null && epochs.length > 0);
  const { x, columns } = aligned(present.map(({ epochs }) => pointsOf(epochs, bySeconds)));
  const series = present.map(({ job, index }, place) => ({ label: labelOf(job, found), values: columns[place], ...lineStyle(index) }));
  return { x, series };
}

/**
 * Return the name of a job in a comparison: that of its model, with its id where another has the same.
 *
 * @param {import("../api/answers.js").Job} job
 * @param {Compared[]} found
 */
export function labelOf(job, found) {
  const name = job.model?.name ?? job.id;
  const isShared = found.filter((each) => each.job?.model?.name === name).length > 1;
  return isShared ? `${shortened(name, 24)} ${job.id.slice(-6)}` : shortened(name, 32);
}
