/** The lists from which a weight is chosen: its layer, where it comes from, and the unit that it leads to. */

import { layerName, unitName, weightName } from "../parts/notation.js";
import { html } from "../vendor/htm-preact.js";
import { denseLayers } from "./place.js";

/** @typedef {import("./place.js").WeightPlace} WeightPlace */

/**
 * @param {object} props
 * @param {string} props.label which weight is chosen, for screen readers and as the title of the group
 * @param {WeightPlace} props.place
 * @param {import("./place.js").Network} props.network
 * @param {string | undefined} props.notation
 * @param {(place: WeightPlace) => void} props.choose
 */
export function WeightChoice({ label, place, network, notation, choose }) {
  const layers = denseLayers(network);
  const dense = layers.find((each) => each.layer === place.layer) ?? layers[0];
  const chooseLayer = (/** @type {number} */ layer) => choose({ layer, input: place.input === null ? null : 0, unit: 0 });
  return html`<fieldset class="weight-choice">
    <legend>${label} <span class="quiet">${weightName(place, notation, network.layers)}</span></legend>
    <${List} label="Layer" value=${place.layer} choose=${chooseLayer}
      options=${layers.map(({ layer }) => [layer, layerName(layer, notation, network.layers)])} />
    <${List} label="From" value=${place.input ?? -1} choose=${(/** @type {number} */ input) => choose({ ...place, input: input < 0 ? null : input })}
      options=${[
        ...numbers(dense.inputs).map((unit) => [unit, sourceName(place.layer, unit, notation, network)]),
        [-1, "bias (from nothing)"],
      ]} />
    <${List} label="To" value=${place.unit} choose=${(/** @type {number} */ unit) => choose({ ...place, unit })}
      options=${numbers(dense.units).map((unit) => [unit, unitName({ layer: place.layer, unit }, notation, network.layers)])} />
  </fieldset>`;
}

/** @param {{label: string, value: number, choose: (value: number) => void, options: [number, string][]}} props */
function List({ label, value, choose, options }) {
  return html`<label>${label} <select value=${value} onChange=${(/** @type {{target: HTMLSelectElement}} */ event) => choose(Number(event.target.value))}>
    ${options.map(([number, name]) => html`<option value=${number} selected=${number === value}>${name}</option>`)}
  </select></label>`;
}

/**
 * @param {number} layer
 * @param {number} unit
 * @param {string | undefined} notation
 * @param {import("./place.js").Network} network
 */
function sourceName(layer, unit, notation, network) {
  return unitName({ layer: layer - 1, unit }, notation, network.layers);
}

/** @param {number} length */
function numbers(length) {
  return Array.from({ length }, (_, index) => index);
}
