/** Beside the drawing: what happens at a step, and the formulas of the unit or weight that the reader points at. */

import { number, shortened } from "../parts/format.js";
import { Link } from "../parts/link.js";
import { equation, layerName, unitName, weightName } from "../parts/notation.js";
import { signed } from "../parts/signed.js";
import { html } from "../vendor/htm-preact.js";
import { largest } from "./columns.js";
import { briefDeltaLines, forwardLines, linesOf, titleOf } from "./explanations.js";
import { lossEquation, lossFormula } from "./losses.js";
import { incoming } from "./numbers.js";
import { stepTitle } from "./stepper.js";

const MOST_INCOMING = 12;

/** @param {any} props */
export function Aside({ explained, trace, job, step, columns, thing, isPinned, unpin, chooseEdge }) {
  return html`<div class="network-aside">
    ${
      thing
        ? html`<${ThingText} explained=${explained} thing=${thing} isPinned=${isPinned} unpin=${unpin} chooseEdge=${chooseEdge} />`
        : step
          ? html`<${StepText} explained=${explained} trace=${trace} step=${step} columns=${columns} />`
          : html`<${Legend} trace=${trace} job=${job} />`
    }
  </div>`;
}

/** @param {any} props */
function ThingText({ explained, thing, isPinned, unpin, chooseEdge }) {
  const lines = linesOf(explained, thing);
  return html`<h3>${titleOf(explained, thing)}</h3>
    <${Lines} lines=${lines} />
    ${thing.kind === "unit" && thing.layer >= 0 && explained.numbers.layers[thing.layer].weights && html`<${Incoming} explained=${explained} thing=${thing} chooseEdge=${chooseEdge} />`}
    ${thing.kind === "weight" && html`<p><${Link} within=${{ tab: "weight", edge: `${thing.layer}.${thing.input ?? "bias"}.${thing.unit}` }}>More about this weight</${Link}></p>`}
    ${isPinned && html`<p><button type="button" class="button" onClick=${unpin}>Close</button></p>`}`;
}

/** @param {{lines: import("./explanations.js").Line[], isBrief?: boolean}} props */
function Lines({ lines, isBrief = false }) {
  return html`<dl class=${isBrief ? "formulas brief" : "formulas"}>${lines.map(
    ({ name, equation: written, formula, value }) => html`<div>
      <dt>${name}${written && html` <span class="quiet">${written}</span>`}</dt>
      <dd>${formula && html`<span class="formula">${formula}</span> `}<span class="result">${formula ? "= " : ""}${signed(value, 6)}</span>
        ${formula === null && html` <span class="quiet">(formula left out)</span>`}</dd>
    </div>`,
  )}</dl>`;
}

/** @param {any} props */
function Incoming({ explained, thing, chooseEdge }) {
  const { numbers, layers, notation } = explained;
  const { weights } = numbers.layers[thing.layer];
  const parts = weights.map((/** @type {number[]} */ each, /** @type {number} */ input) => {
    const a = incoming(numbers, thing.layer, input);
    return a === null ? null : a * each[thing.unit];
  });
  const shown = largest(parts, MOST_INCOMING).sort((a, b) => a - b);
  return html`<h4>What comes in${shown.length < parts.length ? `: the largest ${shown.length} of ${parts.length}` : ""}</h4>
    <div class="scroll"><table class="incoming"><thead><tr><th scope="col">weight</th><th scope="col" class="number">w</th><th scope="col" class="number">a × w</th></tr></thead>
    <tbody>${shown.map((input) => {
      const place = { layer: thing.layer, input, unit: thing.unit };
      return html`<tr key=${input}><th scope="row"><button type="button" class="plain-button" onClick=${() => chooseEdge(place)}>${weightName(place, notation, layers)}</button></th>
        <td class="number">${signed(weights[input][thing.unit])}</td><td class="number">${signed(parts[input])}</td></tr>`;
    })}</tbody></table></div>`;
}

/** @param {any} props */
function StepText({ explained, trace, step, columns }) {
  const { notation, layers } = explained;
  return html`<h3>${stepTitle(step, notation, layers)}</h3>
    <p>${sentenceOf(step, explained, trace)}</p>
    ${step.equations.map((/** @type {any} */ name) => html`<p class="equation"><span class="quiet">${name.startsWith("BP") ? `${name} ` : ""}</span>${equation(name, notation)}</p>`)}
    <div class="step-numbers" tabindex="0" role="region" aria-label="Numbers of this step"><${StepLines} explained=${explained} trace=${trace} step=${step} columns=${columns} /></div>`;
}

/** @param {any} props */
function StepLines({ explained, trace, step, columns }) {
  const { numbers, layers, notation } = explained;
  const drawn = (/** @type {number} */ layer) => columns[layer + 1].units;
  if (step.kind === "forward") return drawn(step.layer).map((/** @type {number} */ unit) => html`<${Lines} lines=${forwardLines(explained, step.layer, unit)} />`);
  if (step.kind === "delta") return drawn(step.layer).map((/** @type {number} */ unit) => html`<${Lines} lines=${briefDeltaLines(explained, step.layer, unit)} isBrief />`);
  if (step.kind === "error") {
    const last = numbers.layers.length - 1;
    const outputs = drawn(last).map((/** @type {number} */ unit) => {
      const [a, y] = [numbers.layers[last].a?.[unit] ?? null, numbers.targets[unit]];
      return { name: unitName({ layer: last, unit }, notation, layers), equation: "a - target", formula: `${number(a, 6)} − ${number(y, 6)}`, value: a === null ? null : a - y };
    });
    return html`<${Lines} lines=${[{ name: "loss C", equation: lossEquation(trace.loss_function), formula: lossFormula(trace.loss_function, numbers), value: trace.loss }, ...outputs]} />`;
  }
  if (step.kind === "gradients") return html`<p class="quiet">The lines are now as wide as their gradients. Point at one to see its numbers, or at a unit.</p>`;
  return html`<${Lines} lines=${[
    { name: "loss before", equation: "", formula: "", value: trace.loss },
    { name: "loss after", equation: "the same row once more", formula: "", value: trace.loss_after ?? null },
    { name: "predicted change", equation: "all gradients times their steps, added up", formula: "", value: trace.predicted_change ?? null },
    { name: "actual change", equation: "loss after - loss before", formula: "", value: trace.actual_change ?? null },
  ]} /><p class="quiet">The lines are as wide as the steps of their weights. The two changes differ because a step follows the tangent, and the loss is curved.</p>`;
}

/**
 * Return what happens at a step, in words.
 *
 * @param {import("./steps.js").Step} step
 * @param {import("./explanations.js").Explained} explained
 * @param {any} trace
 */
export function sentenceOf({ kind, layer }, { numbers, layers, notation }, trace) {
  if (kind === "forward") {
    const definition = layers[/** @type {number} */ (layer)];
    if (definition.type !== "dense") return `This layer (${definition.type}) makes new numbers of those of the layer before it.`;
    return `Each unit adds up what comes in, each part times its weight, and its bias: that is z. Its activation a is ${definition.activation} of z.`;
  }
  if (kind === "error") return "The outputs a are compared with the targets y of this row. The loss, called C, says in one number how far off they are.";
  if (kind === "delta") {
    if (layer === numbers.layers.length - 1) return "The error begins at the outputs. Delta of a unit says how much the loss C changes when its z does. The circles now show deltas (δ).";
    return `The error runs back from ${layer === numbers.layers.length - 2 ? "the outputs" : layerName(/** @type {number} */ (layer) + 1, notation, layers)}: a unit gets the delta of each unit it leads to, times the weight between them; their sum, times the slope of its own activation, is its own delta.`;
  }
  if (kind === "gradients") return "The gradient of a weight is what came in over it times the delta of the unit it leads to. That of a bias is the delta of its unit.";
  return `Each parameter moves against its gradient, here for this row alone. Training moves it once for all rows of a batch, and the Weight part shows it over all rows: there the same weight may move the other way. The optimizer is ${trace.optimizer?.type ?? "the job's"}, the learning rate ${number(trace.learning_rate)}.`;
}

/** @param {{trace: any, job: any}} props */
function Legend({ trace, job }) {
  return html`<h3>How to read it</h3>
    <ul class="network-legend">
      <li><svg width="34" height="12" aria-hidden="true"><line class="key-line positive" x1="1" x2="33" y1="6" y2="6" /></svg> a positive weight; the wider, the larger</li>
      <li><svg width="34" height="12" aria-hidden="true"><line class="key-line negative" x1="1" x2="33" y1="6" y2="6" /></svg> a negative weight, dashed</li>
      <li><span class="key-node positive">+</span> <span class="key-node negative">−</span> a unit, coloured by its activation</li>
      <li><strong>b</strong> the bias of a unit</li>
    </ul>
    <p>Point at a unit or a line to see its formula with its numbers. A click on a line chooses this weight; a click on a unit keeps its formula here.</p>
    <p><strong>Next step</strong> sends the row forward, then its error back.</p>
    <p class="quiet">Epoch ${number(trace.epoch)}. The loss C of this row is ${number(trace.loss, 6)} (${shortened(lossEquation(String(trace.loss_function)), 60)}). Inputs are drawn as the network gets them${
      job.training.preprocessing?.numbers && job.training.preprocessing.numbers !== "none" ? `, after preprocessing (${job.training.preprocessing.numbers})` : ""
    }.</p>`;
}
