/** The legend of a heat map: a bar of its colours with the numbers at its ends and in its middle. */

import { number } from "../parts/format.js";
import { html } from "../vendor/htm-preact.js";

/** @param {{domain: [number, number], label: string}} props */
export function ScaleBar({ domain: [least, largest], label }) {
  return html`<figure class="scale-bar">
    <figcaption>${label}</figcaption>
    <div class="scale-colours" aria-hidden="true"></div>
    <div class="scale-numbers"><span>${number(least, 3)}</span><span>${number((least + largest) / 2, 3)}</span><span>${number(largest, 3)}</span></div>
  </figure>`;
}
