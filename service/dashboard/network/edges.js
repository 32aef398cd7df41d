/** The lines of the drawing: width by size, solid where positive and dashed where negative. */

import { html } from "../vendor/htm-preact.js";
import { most, signOf, widthOf } from "./columns.js";
import { gradientOf } from "./numbers.js";
import { travels } from "./steps.js";

const MOST_DOTS = 200;
const MANY = 60; // more lines than that are drawn paler

/**
 * @param {object} props
 * @param {import("./columns.js").Layout} props.layout
 * @param {import("./steps.js").Step | null} props.step
 * @param {import("./numbers.js").Numbers} props.numbers
 * @param {import("../parts/notation.js").WeightPlace | null} props.edge
 * @param {(thing: import("./explanations.js").Thing | null) => void} props.point
 * @param {(place: import("../parts/notation.js").WeightPlace) => void} props.chooseEdge
 */
export function Edges({ layout, step, numbers, edge, point, chooseEdge }) {
  const values = layout.edges.map((each) => edgeValue(numbers, step, each));
  const largest = most(values);
  const moving = layout.edges.filter((each) => travels(step, each.layer));
  return html`<g class=${layout.edges.length > MANY ? "edges many" : "edges"}>
    ${layout.edges.map((each, index) => {
      const { layer, input, unit, joins, from, to } = each;
      const isChosen = edge !== null && edge.layer === layer && edge.input === input && edge.unit === unit;
      const sign = joins ? signOf(values[index]) : "zero";
      const path = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
      const place = { layer, input, unit };
      return html`<g key=${`${layer}.${input}.${unit}`} class=${`edge ${sign} ${isChosen ? "chosen" : ""} ${isDim(step, layer) ? "dim" : ""}`}>
        ${isChosen && html`<line class="halo" ...${path} stroke-width=${widthOf(values[index], largest) + 6} />`}
        <line ...${path} stroke-width=${widthOf(values[index], largest)} />
        ${joins &&
        html`<line class="hit" ...${path} data-edge=${`${layer}.${input}.${unit}`} onPointerEnter=${() => point({ kind: "weight", ...place })}
          onPointerLeave=${() => point(null)} onClick=${() => chooseEdge(place)} />`}
      </g>`;
    })}
    ${moving.length <= MOST_DOTS &&
    moving.map(
      ({ layer, input, unit, from, to }) => html`<line key=${`dot ${layer}.${input}.${unit}`} class=${`travelling ${travels(step, layer)}`}
        pathLength="100" x1=${from.x} y1=${from.y} x2=${to.x} y2=${to.y} />`,
    )}
  </g>`;
}

/**
 * Return what the line of a weight shows at a step: the weight, its gradient, or its move.
 *
 * @param {import("./numbers.js").Numbers} numbers
 * @param {import("./steps.js").Step | null} step
 * @param {{layer: number, input: number, unit: number, joins: boolean}} edge
 * @returns {number | null}
 */
export function edgeValue(numbers, step, { layer, input, unit, joins }) {
  if (!joins) return null;
  const { weights, weightsAfter } = numbers.layers[layer];
  const weight = weights?.[input][unit] ?? null;
  if (step?.kind === "gradients") return gradientOf(numbers, { layer, input, unit }) ?? null;
  if (step?.kind === "update") return weight === null || !weightsAfter ? null : weightsAfter[input][unit] - weight;
  return weight;
}

/**
 * @param {import("./steps.js").Step | null} step
 * @param {number} layer
 */
function isDim(step, layer) {
  return step !== null && (step.kind === "forward" || step.kind === "delta" || step.kind === "error") && travels(step, layer) === null;
}
