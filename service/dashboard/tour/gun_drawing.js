/** Draws the tour's network with what each unit passes on, or with its delta. */

import { number } from "../parts/format.js";
import { brief } from "../parts/labels.js";
import { layerName, quantityName } from "../parts/notation.js";
import { useWidth } from "../parts/width.js";
import { html } from "../vendor/htm-preact.js";
import { gunGeometry } from "./gun_geometry.js";

const RADIUS = 25;
const MOST_WIDTH = 720;
const HEIGHT = 300;

/** @param {{trace: any, direction: "forward" | "backward", notation: string | undefined, layers: import("../parts/notation.js").Layers}} props */
export function GunDrawing({ trace, direction, notation, layers }) {
  const [place, available] = useWidth(0);
  const width = Math.min(available, MOST_WIDTH);
  const radius = width < 420 ? 21 : RADIUS;
  const quantity = direction === "forward" ? "a" : "delta";
  const drawn = width > 0 ? gunGeometry(trace, direction, width, HEIGHT) : null;
  const said = drawn?.nodes
    .filter((each) => each.layer >= 0)
    .map((each) => `${quantityName(quantity, each, notation, layers)} is ${number(each.value)}`)
    .join(", ");
  const summary = direction === "forward" ? `The signal runs from left to right: ${said}.` : `The error runs from right to left: ${said}.`;
  return html`<div class=${`gun ${width < 420 ? "narrow" : ""}`} ref=${place}>${drawn && html`<svg width=${width} height=${HEIGHT} role="img" aria-label=${summary}>
    ${drawn.columns.map(({ layer, x }) => html`<text class="column" x=${x} y="16" text-anchor="middle">${layerName(layer, notation, layers)}</text>`)}
    ${drawn.edges.map(({ from, to, weight, width: thick }) => html`<line class=${`gun-edge ${weight < 0 ? "negative" : "positive"}`} x1=${from.x} y1=${from.y} x2=${to.x} y2=${to.y} stroke-width=${thick} />`)}
    ${drawn.nodes.map(({ x, y, value, layer }) => html`<g class=${`gun-node ${layer < 0 && value === null ? "still" : ""}`}>
      <circle cx=${x} cy=${y} r=${radius} /><text x=${x} y=${y} dy="0.35em" text-anchor="middle">${value === null ? "" : brief(value)}</text>
    </g>`)}
  </svg>
  <ul class="legend">
    <li>${direction === "forward" ? "The signal runs →" : "← The error runs back"}</li>
    <li>in the circles: ${direction === "forward" ? "what each unit passes on" : "each unit's delta"}</li>
    <li><span class="key positive-key"></span>positive weight</li><li><span class="key negative-key"></span>negative weight; thick: large</li>
  </ul>`}</div>`;
}
