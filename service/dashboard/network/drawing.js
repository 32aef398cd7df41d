/** The drawing: columns of nodes, coloured by what they hold at a step, and lines whose width is the size of a weight. */

import { brief, inputNames, outputNames } from "../parts/labels.js";
import { layerName } from "../parts/notation.js";
import { count, counted, number, shortened } from "../parts/format.js";
import { signed } from "../parts/signed.js";
import { html, useRef } from "../vendor/htm-preact.js";
import { chanceOf } from "./answer.js";
import { most, signOf, strengthOf } from "./columns.js";
import { Edges } from "./edges.js";
import { titleOf } from "./explanations.js";
import { shownAt } from "./steps.js";

/**
 * @param {object} props
 * @param {import("./columns.js").Layout} props.layout
 * @param {import("./columns.js").Column[]} props.columns
 * @param {import("./steps.js").Step | null} props.step
 * @param {import("./explanations.js").Explained} props.explained
 * @param {import("../api/answers.js").Job} props.job
 * @param {import("../parts/notation.js").WeightPlace | null} props.edge the chosen weight
 * @param {import("./explanations.js").Thing | null} props.pinned
 * @param {(thing: import("./explanations.js").Thing | null) => void} props.point
 * @param {(thing: import("./explanations.js").Thing | null) => void} props.pin
 * @param {(place: import("../parts/notation.js").WeightPlace) => void} props.chooseEdge
 */
export function Drawing({ layout, columns, step, explained, job, edge, pinned, point, pin, chooseEdge }) {
  const { numbers, layers, notation } = explained;
  const { width, height, xs } = layout;
  const drawing = useRef(/** @type {SVGSVGElement | null} */ (null));
  const shapes = columns.map(({ layer, size }) => `${layerName(layer, notation, layers)}: ${counted(size, "unit")}`).join(", ");
  const move = (/** @type {KeyboardEvent} */ event) => {
    const next = neighbour(columns, drawing.current, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  return html`<svg class="network-drawing" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} ref=${drawing}
      role="group" aria-label=${`The network. ${shapes}. The arrow keys go from unit to unit.`} onKeyDown=${move} onPointerLeave=${() => point(null)}>
    ${columns.map(
      ({ layer, size, units }, index) => html`<text class="column-title" x=${xs[index]} y="14">${layerName(layer, notation, layers)}</text>
      <text class="column-note" x=${xs[index]} y="29">${units.length < size ? `${units.length} of ${count(size)}` : layers[layer]?.activation ?? layers[layer]?.type ?? "values"}</text>`,
    )}
    <${Edges} layout=${layout} step=${step} numbers=${numbers} edge=${edge} point=${point} chooseEdge=${chooseEdge} />
    ${layout.nodes.map(
      (node, index) => html`<${Node} key=${`${node.layer}.${node.unit}`} node=${node} layout=${layout} step=${step} explained=${explained} job=${job}
        isFirst=${index === 0} isPinned=${pinned?.kind === "unit" && pinned.layer === node.layer && pinned.unit === node.unit} point=${point} pin=${pin} />`,
    )}
  </svg>`;
}

/** @param {any} props */
function Node({ node, layout, step, explained, job, isFirst, isPinned, point, pin }) {
  const { layer, unit, x, y } = node;
  const { radius } = layout;
  const shown = shownAt(step, layer);
  const { value, largest } = heldBy(explained.numbers, layout.nodes, shown, layer, unit);
  const text = shown === "later" ? "" : brief(value);
  const sign = shown === "later" ? "later" : signOf(value ?? null);
  const bias = layer < 0 ? undefined : explained.numbers.layers[layer].biases?.[unit];
  const thing = { kind: "unit", layer, unit };
  const what = shown === "delta" ? "delta" : layer < 0 ? "value" : "activation";
  const label = `${titleOf(explained, /** @type {any} */ (thing))}: ${shown === "later" ? "not computed yet" : `${what} ${signed(value)}`}${bias === undefined ? "" : `, bias ${signed(bias)}`}`;
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    pin(isPinned ? null : thing);
  };
  return html`<g class=${`node ${sign} ${shown === "delta" ? "delta" : ""} ${isAbout(step, layer) ? "about" : ""}`} transform=${`translate(${x} ${y})`}>
    <circle class="node-circle" r=${radius} style=${{ "--strength": strengthOf(value ?? null, largest) }} />
    <text aria-hidden="true" class=${`node-number${radius < 20 ? " small" : text.length > 5 ? " long" : ""}`} dy=${shown === "delta" && radius >= 20 ? "0.85em" : "0.36em"}>${text}</text>
    ${shown === "delta" && html`<text class="node-letter" aria-hidden="true" ...${radius < 20 ? { x: -radius - 1, y: -radius + 3 } : { y: -8 }}>δ</text>`}
    ${bias !== undefined && html`<${Bias} bias=${bias} radius=${radius} />`}
    <${SideLabel} node=${node} radius=${radius} job=${job} numbers=${explained.numbers} step=${step} />
    <circle class="node-hit" r=${radius} tabindex=${isFirst ? 0 : -1} role="button" aria-pressed=${isPinned} aria-label=${label} data-node=${`${layer}.${unit}`}
      onKeyDown=${press} onClick=${() => pin(isPinned ? null : thing)} onPointerEnter=${() => point(thing)} onPointerLeave=${() => point(null)}
      onFocus=${() => point(thing)} onBlur=${() => point(null)} />
  </g>`;
}

/** @param {{bias: number | null, radius: number}} props */
function Bias({ bias, radius }) {
  if (radius < 20) return html`<rect class=${`bias ${signOf(bias)}`} x=${radius * 0.72} y=${radius * 0.55} width="7" height="7"><title>bias ${signed(bias)}</title></rect>`;
  return html`<text class=${`bias-number ${signOf(bias)}`} y=${radius + 14}>b ${brief(bias)}</text>`;
}

/** @param {any} props */
function SideLabel({ node, radius, job, numbers, step }) {
  const { layer, unit } = node;
  if (layer < 0) {
    const name = inputNames(job)?.[unit] ?? `input ${unit + 1}`;
    if (radius < 20) return html`<text class="side-label" x=${-radius - 6} dy="0.36em" text-anchor="end"><title>${name}</title>${shortened(name, 9)}</text>`;
    return html`<text class="side-label" y=${radius + 15} text-anchor="middle"><title>${name}</title>${shortened(name, 14)}</text>`;
  }
  if (layer !== numbers.layers.length - 1) return null;
  const name = outputNames(job, numbers.layers[layer].size)?.[unit];
  const target = numbers.targets[unit];
  const chance = chanceOf(job, numbers);
  if (chance && (step === null || step.kind === "error")) {
    const lines = [`chance of ${shortened(chance.of, 8)}`, `so ${shortened(chance.says, 8)}, ${chance.isRight ? "right" : "wrong"}`, `target ${shortened(chance.target, 8)}`];
    return html`<g class="side-label" transform=${`translate(${radius + 7} 0)`}>
      ${lines.map((text, index) => html`<text class=${index === 2 ? "target-label" : null} y=${(index - 1) * 15} dy="0.36em">${text}</text>`)}
    </g>`;
  }
  const showsTarget = step === null || step.kind === "error" || step.kind === "delta";
  return html`<g class="side-label" transform=${`translate(${radius + 7} 0)`}>
    ${name !== undefined && !chance && html`<text dy=${showsTarget ? "-0.25em" : "0.36em"}><title>${name}</title>${shortened(name, 9)}</text>`}
    ${showsTarget && html`<text class="target-label" dy=${name === undefined || chance ? "0.36em" : "0.95em"}>target ${number(target, 3)}</text>`}
  </g>`;
}

/**
 * Return what a unit holds at a step, and the largest size among those that are coloured on the same scale.
 *
 * @param {import("./numbers.js").Numbers} numbers
 * @param {import("./columns.js").Node[]} nodes
 * @param {string} shown
 * @param {number} layer
 * @param {number} unit
 */
export function heldBy(numbers, nodes, shown, layer, unit) {
  const of = (/** @type {number} */ l, /** @type {number} */ u) =>
    l < 0 ? numbers.inputs[u] : shown === "delta" ? numbers.layers[l].delta?.[u] : numbers.layers[l].a?.[u];
  const same = nodes.filter((node) => (layer < 0 ? node.layer < 0 : shown === "delta" ? node.layer >= 0 : node.layer === layer));
  return { value: of(layer, unit), largest: most(same.map((node) => of(node.layer, node.unit) ?? null)) };
}

/**
 * @param {import("./steps.js").Step | null} step
 * @param {number} layer
 */
function isAbout(step, layer) {
  return step !== null && step.layer === layer;
}

/**
 * Return the node that an arrow key leads to: up and down within a column, left and right to the next one.
 *
 * @param {import("./columns.js").Column[]} columns
 * @param {SVGSVGElement | null} drawing
 * @param {string} key
 * @returns {SVGElement | null}
 */
function neighbour(columns, drawing, key) {
  const [layer, unit] = (/** @type {any} */ (document.activeElement)?.dataset?.node ?? "").split(".").map(Number);
  const at = columns.findIndex((column) => column.layer === layer);
  if (at < 0 || !drawing) return null;
  const across = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  const along = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
  const column = columns[at + across];
  if (!column || (!across && !along)) return null;
  const order = columns[at].units.indexOf(unit) + along;
  const next = column.units[Math.min(Math.max(order, 0), column.units.length - 1)];
  return drawing.querySelector(`[data-node="${column.layer}.${next}"]`);
}
