/** The card of a model's version: network, data, training, and how well it does, as the card's JSON says. */

import { useResource } from "../api/resource.js";
import { Curl } from "../parts/curl.js";
import { Link } from "../parts/link.js";
import { LAYERS_AT_ONCE, useFirst } from "../parts/first.js";
import { count, number, percent, shortened } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html } from "../vendor/htm-preact.js";
import { ConfusionMatrix } from "./confusion.js";
import { settingsOf, sizesOf } from "./card_facts.js";

const MOST_INPUTS = 30;

/** @param {{path: string}} props */
export function Card({ path }) {
  const card = useResource(`${path}/card`, { format: "json" });
  const request = { method: "GET", path: `${path}/card`, query: { format: "markdown" } };
  const aside = html`<a href=${`${path}/card?format=markdown`} download>As Markdown</a> <${Curl} of="The card" request=${request} />`;
  return html`<${Panel} title="Model card" aside=${aside}>
    <${Shown} of=${card} what="the card">${(/** @type {any} */ found) => html`
      <div class="card-parts">
        <div><${Network} card=${found} /><${Data} card=${found} /></div>
        <div><${Quality} card=${found} /></div>
      </div>
      <${Training} card=${found} />
      <${Inputs} card=${found} />
      ${found.gone?.length > 0 && html`<p class="note">No longer there: ${found.gone.join(", ")}.</p>`}`}</${Shown}>
  </${Panel}>`;
}

/** @param {{card: any}} props */
function Network({ card }) {
  const { network, outputs } = card;
  const [layers, more] = useFirst(/** @type {any[]} */ (network.layers), LAYERS_AT_ONCE, "layers");
  const targets = outputs.map((/** @type {any} */ each) => each.name).join(", ");
  return html`<section><h3>Network</h3>
    <p>Predicts <strong>${shortened(targets, 80)}</strong> from ${count(card.inputs.length)} ${card.inputs.length === 1 ? "column" : "columns"}; ${count(network.parameters)} parameters in ${network.precision}.</p>
    <div class="scroll" tabindex="0" role="region" aria-label="Layers"><table>
      <thead><tr><th scope="col">Layer</th><th scope="col">Size</th><th scope="col">Activation</th><th scope="col" class="number">Parameters</th></tr></thead>
      <tbody>${layers.map((layer) => html`<tr>
        <th scope="row">${layer.type}</th><td>${sizesOf(layer)}</td><td>${layer.activation ?? "–"}</td><td class="number">${count(layer.parameters)}</td>
      </tr>`)}</tbody>
    </table></div>
    ${more}
  </section>`;
}

/** @param {{card: any}} props */
function Quality({ card }) {
  const names = Object.keys(card.metrics?.training ?? card.test?.metrics ?? {});
  /** @type {[string, number | null | undefined, Record<string, number | null> | undefined][]} */
  const rows = [["training", card.training_loss, card.metrics?.training], ["validation", card.validation_loss, card.metrics?.validation], ["test", card.test?.loss, card.test?.metrics]];
  const matrix = card.by_class?.confusion_matrix;
  return html`<section><h3>How well it does</h3>
    <div class="scroll" tabindex="0" role="region" aria-label="Metrics"><table>
      <thead><tr><th scope="col">Rows</th><th scope="col" class="number">Loss</th>${names.map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
      <tbody>${rows.filter(([, loss, metrics]) => metrics || (loss !== null && loss !== undefined)).map(([title, loss, metrics]) => html`<tr>
        <th scope="row">${title}</th><td class="number">${number(loss)}</td>
        ${names.map((name) => html`<td class="number">${name === "accuracy" ? percent(metrics?.[name]) : number(metrics?.[name])}</td>`)}
      </tr>`)}</tbody>
    </table></div>
    ${matrix && html`<${ConfusionMatrix} matrix=${matrix} on=${card.by_class.measured_on} />`}
  </section>`;
}

/** @param {{card: any}} props */
function Data({ card }) {
  const data = card.data ?? {};
  const rows = [["Training", data.training_rows], ["Validation", data.validation_rows], ["Test", data.test_rows]];
  return html`<section><h3>Data and origin</h3><dl class="facts-list">
    ${data.dataset && html`<div><dt>Dataset</dt><dd><${Link} to=${{ dataset: data.dataset, version: data.dataset_version }}><${Name} of=${data.dataset} /></${Link}>, version ${data.dataset_version}</dd></div>`}
    ${rows.filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => html`<div><dt>${name} rows</dt><dd>${count(value)}</dd></div>`)}
    <div><dt>Made of</dt><dd>${card.job ? html`<${Link} to=${{ job: card.job, epoch: card.epoch }}><span class="id">${card.job}</span></${Link}>, epoch ${count(card.epoch)}` : card.origin}</dd></div>
    <div><dt>SHA-256</dt><dd><code>${card.sha256}</code></dd></div>
  </dl></section>`;
}

/** @param {{card: any}} props */
function Training({ card }) {
  const settings = settingsOf(card.training ?? {});
  if (settings.length === 0) return null;
  return html`<section class="card-training"><h3>Training</h3><dl class="facts-list">
    ${settings.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl></section>`;
}

/** @param {{card: any}} props */
function Inputs({ card }) {
  const shown = card.inputs.slice(0, MOST_INPUTS);
  return html`<details><summary>Inputs (${count(card.inputs.length)})</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="Inputs"><table>
      <thead><tr><th scope="col">Column</th><th scope="col">Kind</th><th scope="col">Values in training</th><th scope="col">A missing value</th></tr></thead>
      <tbody>${shown.map((/** @type {any} */ each) => html`<tr>
        <th scope="row"><${Name} of=${each.name} /></th><td>${each.type}</td>
        <td>${each.categories ? shortened(each.categories.slice(0, 20).join(", "), 120) : each.minimum === undefined ? "–" : `${textOf(each.minimum)} to ${textOf(each.maximum)}`}</td>
        <td>${each.missing === "error" ? "is refused" : each.missing === "zeros" ? "counts as no category" : `becomes the ${each.missing}`}</td>
      </tr>`)}</tbody>
    </table></div>
    ${card.inputs.length > shown.length && html`<p class="quiet">The first ${shown.length} of ${count(card.inputs.length)}; the Markdown has all.</p>`}
  </details>`;
}

/** @param {number | string | null} value */
function textOf(value) {
  return typeof value === "string" ? value : number(value);
}
