/** The layers of a new network: units and activation of each dense layer, others by their name. */

import { counted } from "../parts/format.js";
import { html } from "../vendor/htm-preact.js";
import { faultsAt, typed, valueAt, withValue } from "./body.js";
import { ACTIVATIONS } from "./choices.js";
import { NameField, TypedField } from "./fields.js";

const LAYERS = "#/network/layers";

/** @param {{draft: import("./fields.js").Draft}} props */
export function Layers({ draft }) {
  const layers = valueAt(draft.body, LAYERS);
  if (Array.isArray(draft.body.network?.hidden)) return html`<${Hidden} draft=${draft} />`;
  if (!Array.isArray(layers)) {
    return html`<p class="quiet">${
      draft.body.network === undefined ? "No network yet." : "This network is written in the JSON; its layers are not shown here."
    }</p><p><button type="button" class="button" onClick=${() => draft.change(withValue(draft.body, "#/network", { layers: [added(), added()] }))}>Write layers</button></p>`;
  }
  const own = draft.faults.filter(({ pointer }) => pointer === "#/network" || pointer === LAYERS);
  const insert = () => draft.change(withValue(draft.body, LAYERS, layers.toSpliced(Math.max(layers.length - 1, 0), 0, added())));
  return html`<p class="quiet">The first layer takes the dataset's inputs; the last one's units are the outputs.</p>
    ${own.map((fault) => html`<p class="job-fault">${fault.detail}</p>`)}
    <div class="job-layers">${layers.map((layer, index) => html`<${Layer} draft=${draft} layer=${layer} index=${index} isLast=${index === layers.length - 1} />`)}</div>
    <p><button type="button" class="button" onClick=${insert}>Add a hidden layer</button>
      <span class="quiet"> ${counted(layers.length, "layer")}</span></p>`;
}

/** @param {{draft: import("./fields.js").Draft}} props a network whose output layer the service adds */
function Hidden({ draft }) {
  const units = draft.body.network.hidden;
  const write = () =>
    draft.change(withValue(draft.body, "#/network", { layers: [...units.map((/** @type {any} */ each) => ({ ...added(), units: each })), { ...added(), units: 1, activation: "linear" }] }));
  return html`<${TypedField} draft=${draft} at="#/network/hidden" label="Units of the hidden layers" read=${listTyped}
      hint="From the first on, separated by commas. The service adds an output layer that fits the targets." />
    <p><button type="button" class="button" onClick=${write}>Write all layers myself</button></p>`;
}

/**
 * Return the numbers of a text such as `16, 8`.
 *
 * @param {string} text
 */
function listTyped(text) {
  return text.split(/[\s,]+/).filter(Boolean).map((each) => typed(each));
}

/** @param {{draft: import("./fields.js").Draft, layer: any, index: number, isLast: boolean}} props */
function Layer({ draft, layer, index, isLast }) {
  const at = `${LAYERS}/${index}`;
  const isDense = layer?.type === "dense";
  const title = `Layer ${index + 1}${isLast ? ", output" : ""}`;
  return html`<div class="job-layer" role="group" aria-label=${title}>
    <span class="layer-title">${title}</span>
    ${isDense
      ? html`<${TypedField} draft=${draft} at=${`${at}/units`} label="Units" />
          <${NameField} draft=${draft} at=${`${at}/activation`} label="Activation" names=${ACTIVATIONS} none="linear (default)" />`
      : html`<p class="job-field"><code>${JSON.stringify(layer)}</code>${faultsAt(draft.faults, at).map((fault) => html`<span class="job-fault">${fault.detail}</span>`)}</p>`}
    <button type="button" class="button" aria-label=${`Remove layer ${index + 1}`} title="Remove this layer"
      onClick=${() => draft.change(withValue(draft.body, at, undefined))}>Remove</button>
  </div>`;
}

function added() {
  return { type: "dense", units: 4, activation: "tanh" };
}
