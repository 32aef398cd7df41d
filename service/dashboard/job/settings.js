/** All settings of a job with their defaults, what `auto` became, and the JSON on demand. */

import { Curl } from "../parts/curl.js";
import { LAYERS_AT_ONCE, useFirst } from "../parts/first.js";
import { count, number, shortened } from "../parts/format.js";
import { Panel } from "../parts/panel.js";
import { html, useState } from "../vendor/htm-preact.js";
import { groupsOf, textOf } from "./setting_rows.js";

const MOST_SHOWN = 200; // characters of a value; the whole stands in `title`
const MOST_COLUMNS = 100;

/** @param {import("../parts/job_data.js").PartProps} props */
export function Settings({ job }) {
  const [layers, moreLayers] = useFirst(job.network.layers, LAYERS_AT_ONCE, "layers");
  const fitted = job.training.preprocessing?.fitted;
  return html`
    <${Panel} title="Network" aside=${`${count(job.network.inputs)} inputs`}>
      <${Table} label="Layers" head=${["layer", "type", "units", "activation", "further settings"]} rows=${layers.map(layerRow)} />
      ${moreLayers}
    </${Panel}>
    <div class="columns">${groupsOf(job).map(
      ({ title, rows }) => html`<${Panel} title=${title}><dl class="settings">${rows.map(
        ({ name, value }) => html`<div><dt>${shortened(name.replaceAll("_", " ").replaceAll(".", " · "), MOST_SHOWN)}</dt><dd title=${value.length > MOST_SHOWN ? value : null}>${shortened(value, MOST_SHOWN)}</dd></div>`,
      )}</dl></${Panel}>`,
    )}</div>
    ${fitted && html`<${Panel} title="What preprocessing was fitted to" aside="on the training rows alone">
      <p class="quiet">What <code>auto</code> became is in the tables above. Numbers are shifted by the offset, then divided; each category is an input of its own.</p>
      <${Table} label="Fitted columns" head=${["column", "role", "type", "offset", "divisor", "categories", "fill"]}
        rows=${[...fitted.inputs.map((/** @type {any} */ each) => columnRow(each, "input")), ...fitted.targets.map((/** @type {any} */ each) => columnRow(each, "target"))].slice(0, MOST_COLUMNS)} />
      ${fitted.inputs.length > MOST_COLUMNS && html`<p class="quiet">${count(MOST_COLUMNS)} of ${count(fitted.inputs.length)} columns; the JSON has all.</p>`}
    </${Panel}>`}
    <${Json} job=${job} />
  `;
}

/** @param {{job: import("../api/answers.js").Job}} props */
function Json({ job }) {
  const [isOpen, setOpen] = useState(false);
  return html`<details class="json" onToggle=${(/** @type {{target: HTMLDetailsElement}} */ event) => setOpen(event.target.open)}>
    <summary>The job as JSON</summary>
    <p><${Curl} request=${{ method: "GET", path: `v1/jobs/${job.id}` }} of="The job as JSON" /></p>
    ${isOpen && html`<pre tabindex="0">${JSON.stringify(job, null, 2)}</pre>`}
  </details>`;
}

/** @param {{label: string, head: string[], rows: string[][]}} props */
function Table({ label, head, rows }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}><table>
    <thead><tr>${head.map((each) => html`<th scope="col">${each}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td title=${cell.length > 60 ? cell : null}>${shortened(cell, 60)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/**
 * @param {any} layer
 * @param {number} index
 */
function layerRow(layer, index) {
  const { type, units, filters, activation, ...rest } = layer;
  return [String(index), String(type), units ?? filters ? count(units ?? filters) : "–", textOf(activation ?? "–"), textOf(rest)];
}

/**
 * @param {any} column
 * @param {string} role
 */
function columnRow(column, role) {
  return [column.name, role, column.type ?? "–", number(column.offset), number(column.divisor), column.categories ? textOf(column.categories) : "–", column.fill === null || column.fill === undefined ? "–" : textOf(column.fill)];
}
