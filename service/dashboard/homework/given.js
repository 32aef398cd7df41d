/** What a worksheet gives: the row, the parameters of each layer, and what was computed before the first blank. */

import { number, shortened } from "../parts/format.js";
import { html } from "../vendor/htm-preact.js";

const DIGITS = 6;

/** @param {{worksheet: any}} props */
export function Given({ worksheet }) {
  const { inputs, targets, input_names: inputNames, output_names: outputNames, layers, given, notes } = worksheet;
  return html`<div class="given">
    <${Matrix} title="The row" corner="" columns=${[...inputNames, ...outputNames.map((/** @type {string} */ name) => `target ${outputNames.length > 1 ? name : ""}`)]}
      rows=${[["value", [...inputs[0], ...targets[0]]]]} />
    ${layers.map((/** @type {any} */ layer, /** @type {number} */ index) => html`<section>
      <h3>${layer.title}</h3>
      ${layer.function && html`<p class="quiet">${layer.function}</p>`}
      ${Array.isArray(layer.parameters.weights?.[0]) && html`<${Matrix} title=${`Weights and biases of layer ${index + 1}`} corner="from \\ to" columns=${layer.units}
        rows=${[...layer.parameters.weights.map((/** @type {number[]} */ row, /** @type {number} */ from) => [sourceOf(layers, index, from, inputNames), row]), ["bias", layer.parameters.biases]]} />`}
      ${given.filter((/** @type {any} */ each) => each.layer === index).length > 0 && html`<${Matrix} title=${`Computed for layer ${index + 1}`} corner="" columns=${layer.units}
        rows=${given.filter((/** @type {any} */ each) => each.layer === index).map((/** @type {any} */ each) => [each.array === "activations" ? "a" : "z", each.values[0]])} />`}
    </section>`)}
    <p class="quiet">Loss: ${worksheet.loss_equation}</p>
    ${notes.map((/** @type {string} */ note) => html`<p class="quiet">${note}</p>`)}
  </div>`;
}

/**
 * @param {any[]} layers
 * @param {number} index
 * @param {number} from
 * @param {string[]} inputNames
 */
function sourceOf(layers, index, from, inputNames) {
  return index === 0 ? inputNames[from] : layers[index - 1].units[from];
}

/** @param {{title: string, corner: string, columns: string[], rows: [string, number[]][]}} props */
function Matrix({ title, corner, columns, rows }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${title}><table class="matrix">
    <caption class="visually-hidden">${title}</caption>
    <thead><tr><th scope="col">${corner || html`<span class="visually-hidden">What</span>`}</th>${columns.map((name) => html`<th scope="col" class="number" title=${name}>${shortened(name, 30)}</th>`)}</tr></thead>
    <tbody>${rows.map(([name, values]) => html`<tr><th scope="row" title=${name}>${shortened(name, 30)}</th>${values.map((value) => html`<td class="number">${number(value, DIGITS)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}
