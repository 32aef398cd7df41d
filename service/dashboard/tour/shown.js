/** What each step of the tour shows beside its text. */

import { useResource } from "../api/resource.js";
import { Chart } from "../parts/chart.js";
import { number } from "../parts/format.js";
import { weightName } from "../parts/notation.js";
import { html } from "../vendor/htm-preact.js";
import { CurveDrawing } from "../weight/curve_drawing.js";
import { ShotLine } from "../weight/shot_line.js";
import { Shown } from "../parts/resource_view.js";
import { INPUTS, PLACE, TARGETS } from "./gun.js";
import { GunDrawing } from "./gun_drawing.js";

/**
 * @param {object} props
 * @param {import("./steps.js").Step} props.step
 * @param {import("./facts.js").Answers} props.answers
 * @param {import("./facts.js").Facts} props.facts
 * @param {import("../api/answers.js").Job} props.job
 * @param {number} props.newest
 * @param {string | undefined} props.notation
 */
export function Illustration({ step, answers, facts, job, newest, notation }) {
  const { layers } = job.network;
  const name = weightName(PLACE, notation, layers);
  if (step.shows === "forward" || step.shows === "backward") {
    return html`<${GunDrawing} trace=${answers.shot} direction=${step.shows} notation=${notation} layers=${layers} />`;
  }
  if (step.shows === "shot") return html`<${ShotLine} label="The shot" target=${facts.target} before=${null} after=${facts.output} afterName="shot" />`;
  if (step.shows === "guess" || step.shows === "step") {
    const hidesStep = step.shows === "guess" && newest === 0;
    const summary = hidesStep ? lowSide(answers.slope, name) : `The loss over the value of ${name}, its tangent and its step.`;
    const { value, step: next } = answers.slope;
    const now = newest > 0 ? `before the round, at ${number(value)}` : "now";
    return html`<${CurveDrawing} now=${now} later=${`after the round, at ${number(next.value)}`} slope=${answers.slope} name=${name} hidesStep=${hidesStep} height=${260} summary=${summary} />`;
  }
  if (step.shows === "rounds") return html`<${Rounds} job=${job.id} newest=${newest} />`;
  if (step.shows === "target") {
    return html`<${ShotLine} label="The shot" target=${facts.target} before=${facts.first_2} after=${facts.last_2} beforeName="before the first round" afterName="now" />`;
  }
  return html`<${Predictions} facts=${facts} />`;
}

/**
 * Return what the curve shows, with its two ends, for readers who do not see it and guess, too.
 *
 * @param {any} slope
 * @param {string} name
 */
function lowSide({ points, value, loss }, name) {
  const near = points.filter((/** @type {any} */ each) => Math.abs(each.value - value) < 0.3);
  const [first, last] = [near[0], near[near.length - 1]];
  return `The loss over the value of ${name}: ${number(loss)} at its present ${number(value)}, ${number(first.loss)} at ${number(first.value)}, ${number(last.loss)} at ${number(last.value)}.`;
}

/** @param {{job: string, newest: number}} props */
function Rounds({ job, newest }) {
  const epochs = useResource(`v1/jobs/${job}/epochs`, { points: 400, until: newest });
  return html`<${Shown} of=${epochs} what="the curve">${(/** @type {any} */ answer) => html`<${Chart} label="Loss by round"
    x=${answer.data.map((/** @type {any} */ each) => each.epoch)} xLabel="round" yLabel="loss" height=${260}
    series=${[{ label: "loss", colour: "--training", values: answer.data.map((/** @type {any} */ each) => each.training_loss) }]} />`}</${Shown}>`;
}

/** @param {{facts: import("./facts.js").Facts}} props */
function Predictions({ facts }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Predictions of the four rows"><table>
    <thead><tr><th scope="col">Inputs</th><th scope="col" class="number">Target</th><th scope="col" class="number">Before the first round</th><th scope="col" class="number">Now</th><th scope="col" class="number">Rounded</th></tr></thead>
    <tbody>${INPUTS.map((inputs, row) => html`<tr><th scope="row">${inputs.join(", ")}</th><td class="number">${TARGETS[row]}</td>
      <td class="number">${number(facts[`first_${row}`])}</td><td class="number">${number(facts[`last_${row}`])}</td><td class="number">${Math.round(facts[`last_${row}`])}</td></tr>`)}</tbody>
  </table></div>`;
}
