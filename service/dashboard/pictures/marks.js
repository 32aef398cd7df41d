/** The marks of classes: a shape and a colour for each, so that nobody needs the colour. */

import { html } from "../vendor/htm-preact.js";

export const COLOURS = ["--training", "--validation", "--third", "--fourth", "--fifth", "--sixth"];
const SHAPES = [
  "M0-5A5 5 0 1 0 0 5A5 5 0 1 0 0-5Z",
  "M-4.5-4.5H4.5V4.5H-4.5Z",
  "M0-5.5L5.2 4H-5.2Z",
  "M0-6L6 0L0 6L-6 0Z",
  "M-5-2H-2V-5H2V-2H5V2H2V5H-2V2H-5Z",
  "M0 5.5L5.2-4H-5.2Z",
];

/** @param {number} index of the class */
export function colourOf(index) {
  return COLOURS[Math.max(index, 0) % COLOURS.length];
}

/** @param {{index: number, x?: number, y?: number}} props the mark of a class at a place in a drawing */
export function Mark({ index, x = 0, y = 0 }) {
  return html`<path class=${`mark-${Math.max(index, 0) % COLOURS.length}`} transform=${`translate(${x} ${y})`} d=${SHAPES[Math.max(index, 0) % SHAPES.length]} />`;
}

/** @param {{names: string[], note?: string}} props */
export function ClassLegend({ names, note }) {
  return html`<ul class="picture-legend">${names.map(
    (name, index) => html`<li key=${index}><svg width="16" height="16" viewBox="-8 -8 16 16" aria-hidden="true"><${Mark} index=${index} /></svg> ${name}</li>`,
  )}${note && html`<li class="quiet">${note}</li>`}</ul>`;
}
