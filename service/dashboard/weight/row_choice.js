/** The row of the dataset whose way through the network is shown. */

import { change } from "../app/address.js";
import { html } from "../vendor/htm-preact.js";

/** @param {{row: number}} props */
export function RowChoice({ row }) {
  return html`<label>Row <input type="number" class="row-number" min="0" value=${row}
    onChange=${(/** @type {any} */ event) => change({ row: rowOf(event.target.value) }, { replace: true })} /></label>`;
}

/**
 * Return the row that a text names; 0 for what names none.
 *
 * @param {string | undefined} text
 */
export function rowOf(text) {
  return /^\d{1,12}$/.test(text ?? "") ? Number(text) : 0;
}
