/** The fields of a new job, each of which reads and writes a part of its body. */

import { useResource } from "../api/resource.js";
import { count, shortened } from "../parts/format.js";
import { html } from "../vendor/htm-preact.js";
import { valueAt, withValue } from "./body.js";
import { LOSSES, METRICS, OPTIMIZERS } from "./choices.js";
import { Field, NameField, TypedField, asText } from "./fields.js";
import { Layers } from "./layers.js";

/** @typedef {import("./fields.js").Draft} Draft */

/** Where faults are shown; all that is below counts. */
const SHOWN = [
  ...["#/dataset", "#/network", "#/model", "#/hold"],
  ...["loss", "optimizer", "epochs", "batch_size", "seed", "metrics"].map((name) => `#/training/${name}`),
];
const OPTIMIZER = "#/training/optimizer";

/**
 * Return whether a fault at a pointer has a place among the fields.
 *
 * @param {any} body
 * @param {string | undefined} pointer
 */
export function isShownAt(body, pointer) {
  const place = SHOWN.find((each) => pointer === each || pointer?.startsWith(`${each}/`));
  if (place !== "#/network") return place !== undefined;
  const layers = valueAt(body, "#/network/layers");
  if (Array.isArray(body.network?.hidden)) return pointer?.startsWith("#/network/hidden") ?? false;
  return pointer === "#/network" || (Array.isArray(layers) && /^#\/network\/layers(\/|$)/.test(pointer ?? "") && isLayerShown(layers, pointer ?? ""));
}

/** @type {(layers: any[], pointer: string) => boolean} a fault of a dense layer has a place at its units and its activation */
function isLayerShown(layers, pointer) {
  const [, , , index, name] = pointer.split("/");
  return index === undefined || layers[Number(index)]?.type !== "dense" || name === "units" || name === "activation";
}

/** @param {{draft: Draft, preset: import("./presets.js").Preset}} props the preset's rows can be sent along */
export function JobFields({ draft, preset }) {
  return html`<div class="job-fields">
    <fieldset><legend>Data and name</legend><div class="field-row">
      <${Dataset} draft=${draft} preset=${preset} />
      <${TypedField} draft=${draft} at="#/model" label="Model" read=${asText} hint="The name of what it learns." />
    </div></fieldset>
    <fieldset><legend>Network</legend><${Layers} draft=${draft} /></fieldset>
    <fieldset><legend>Training</legend><div class="field-row">
      <${NameField} draft=${draft} at="#/training/loss" label="Loss" names=${LOSSES} none="as fits the output" />
      <${Optimizer} draft=${draft} />
      <${TypedField} draft=${draft} at=${`${OPTIMIZER}/learning_rate`} label="Learning rate" />
      <${TypedField} draft=${draft} at="#/training/epochs" label="Epochs" />
      <${TypedField} draft=${draft} at="#/training/batch_size" label="Batch size" hint="Rows, or full." />
      <${TypedField} draft=${draft} at="#/training/seed" label="Seed" hint="The same seed gives the same run." />
    </div>
    <${Metrics} draft=${draft} />
    <${Hold} draft=${draft} />
    </fieldset>
  </div>`;
}

/** @param {{draft: Draft, preset: import("./presets.js").Preset}} props */
function Dataset({ draft, preset }) {
  const known = useResource("v1/datasets", { limit: 200, fields: "name,rows" });
  const { dataset } = draft.body;
  const isSent = dataset !== null && typeof dataset === "object";
  const own = preset.body().dataset;
  const names = known.data?.data ?? [];
  const missing = typeof dataset === "string" && !names.some((/** @type {any} */ each) => each.name === dataset);
  const onChange = (/** @type {any} */ event) => draft.change(withValue(draft.body, "#/dataset", event.target.value === "" ? own : event.target.value));
  return html`<${Field} draft=${draft} at="#/dataset" label="Dataset" hint=${known.error ? "The datasets of the service could not be read." : null}>${(/** @type {any} */ marks) =>
    html`<select value=${isSent ? "" : dataset} onChange=${onChange} ...${marks}>
      <option value="">${own.name}, sent along (${count((own.rows ?? own.inputs).length)} rows)</option>
      ${missing && html`<option value=${dataset}>${shortened(dataset)}</option>`}
      ${names.map((/** @type {any} */ each) => html`<option value=${each.name}>${each.name} (${count(each.rows)} rows)</option>`)}
    </select>`
  }</${Field}>`;
}

/** @param {{draft: Draft}} props an optimizer of another type keeps the learning rate alone: other settings would not be known to it */
function Optimizer({ draft }) {
  const rate = valueAt(draft.body, `${OPTIMIZER}/learning_rate`);
  const change = (/** @type {any} */ body) => {
    const type = valueAt(body, OPTIMIZER);
    draft.change(withValue(body, OPTIMIZER, type === undefined ? undefined : { type, ...(rate === undefined ? {} : { learning_rate: rate }) }));
  };
  return html`<${NameField} draft=${{ ...draft, change, faults: draft.faults.filter(({ pointer }) => !pointer?.endsWith("/learning_rate")) }}
    at=${OPTIMIZER} label="Optimizer" names=${OPTIMIZERS} none="sgd (default)" />`;
}

/** @param {{draft: Draft}} props */
function Metrics({ draft }) {
  const at = "#/training/metrics";
  const chosen = valueAt(draft.body, at);
  const listed = Array.isArray(chosen) ? chosen : [];
  const toggle = (/** @type {string} */ name, /** @type {boolean} */ isOn) => {
    const names = isOn ? [...listed, name] : listed.filter((each) => (each?.type ?? each) !== name);
    draft.change(withValue(draft.body, at, names.length ? names : undefined));
  };
  const faults = draft.faults.filter(({ pointer }) => pointer?.startsWith(at));
  return html`<div class="job-field" role="group" aria-label="Metrics"><span class="label">Metrics</span>
    <span class="job-boxes">${METRICS.map((name) => html`<label><input type="checkbox"
      checked=${listed.some((each) => (each?.type ?? each) === name)}
      onChange=${(/** @type {any} */ event) => toggle(name, event.target.checked)} /> ${name}</label>`)}</span>
    ${faults.map((fault) => html`<p class="job-fault">${fault.detail}</p>`)}
    ${listed.length === 0 && html`<p class="quiet">None chosen: those that fit the targets.</p>`}
  </div>`;
}

/** @param {{draft: Draft}} props */
function Hold({ draft }) {
  const onChange = (/** @type {any} */ event) => draft.change(withValue(draft.body, "#/hold", event.target.checked || undefined));
  return html`<p class="job-field"><label><input type="checkbox" checked=${draft.body.hold === true} onChange=${onChange} /> Hold at epoch 0</label>
    <span class="quiet"> It waits before training, so that you step through it epoch by epoch.</span></p>`;
}
