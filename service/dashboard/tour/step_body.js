/** One step of the tour: its text with the job's numbers, what it shows, what the reader can do, and what was checked. */

import { Action } from "../parts/action.js";
import { number } from "../parts/format.js";
import { Icon } from "../parts/icon.js";
import { Link } from "../parts/link.js";
import { unitName, weightName } from "../parts/notation.js";
import { Shown } from "../parts/resource_view.js";
import { html, useEffect } from "../vendor/htm-preact.js";
import { useAnswers } from "./answers.js";
import { factsOf } from "./facts.js";
import { MANY } from "./gun.js";
import { GuessButtons } from "./guess.js";
import { Illustration } from "./shown.js";
import { NAMED, piecesOf } from "./steps.js";
import { verdictOf } from "./verdict.js";

export const NO_TRAINING = "Your key may look, not train: the tour needs one with the scope train.";

/**
 * @param {object} props
 * @param {import("./steps.js").Step} props.step
 * @param {import("../api/answers.js").Job} props.job
 * @param {boolean} props.mayTrain
 * @param {number} props.newest the newest epoch that is stored
 * @param {() => void} props.reload reads the job again
 * @param {string | undefined} props.notation
 * @param {import("./verdict.js").Way | null} props.guess
 * @param {(guess: import("./verdict.js").Way) => void} props.setGuess
 */
export function StepBody({ step, job, mayTrain, newest, reload, notation, guess, setGuess }) {
  const answers = useAnswers(job.id, newest, step);
  const isPaused = job.status === "paused";
  useEffect(() => {
    if (newest < step.needs) answers.reload();
  }, [newest]);
  if (newest < step.needs) return html`<${NotYet} step=${step} job=${job} mayTrain=${mayTrain} newest=${newest} isPaused=${isPaused} reload=${reload} />`;
  return html`<${Shown} of=${answers} what="the numbers of this step">${(/** @type {import("./facts.js").Answers} */ found) => {
    const facts = factsOf(found);
    return html`<div aria-busy=${answers.loading}>
      <p class="step-text"><${Text} text=${newest > 0 ? step.after ?? step.text : step.text} facts=${facts} notation=${notation} layers=${job.network.layers} /></p>
      <${Illustration} step=${step} answers=${found} facts=${facts} job=${job} newest=${newest} notation=${notation} />
      ${step.shows === "guess" && newest === 0 && !mayTrain && html`<p class="note">${NO_TRAINING}</p>`}
      ${step.shows === "guess" && newest === 0 && mayTrain && html`<${GuessButtons} job=${job.id} isReady=${isPaused} onGuess=${setGuess} onFired=${reload} />`}
      ${step.shows === "guess" && newest > 0 && html`<p class="note" role="status">${verdictOf(guess, { step: facts.step, slope: facts.slope })}</p>`}
      ${step.shows === "predictions" && html`<${WhereNext} job=${job.id} />`}
      ${(step.shows !== "guess" || newest > 0) && html`<${Checked} claim=${step.claim} facts=${facts} />`}
    </div>`;
  }}</${Shown}>`;
}

/** @param {{text: string, facts: import("./facts.js").Facts, notation: string | undefined, layers: import("../parts/notation.js").Layers}} props */
function Text({ text, facts, notation, layers }) {
  const called = (/** @type {string} */ name) => {
    const { layer, unit, input } = NAMED[name];
    return input === undefined ? unitName({ layer, unit }, notation, layers) : weightName({ layer, input, unit }, notation, layers);
  };
  return html`${piecesOf(text).map(({ words, name }) => (name === null ? words : name in NAMED ? called(name) : html`<data class="fact" data-fact=${name} value=${facts[name]}>${number(facts[name])}</data>`))}`;
}

/** @param {{job: string}} props */
function WhereNext({ job }) {
  return html`<p class="note">Where next? See this network at any epoch: <${Link} to=${{ job, tab: "network" }}>its units, row by row</${Link}>, <${Link} to=${{ job, tab: "weight" }}>one weight</${Link}>,
    or <${Link} to=${{ job, tab: "homework" }}>work out its deltas yourself</${Link}>. Or <${Link} to=${{ new: "job" }}>start a job</${Link}> with a larger network.</p>`;
}

/** @param {{claim: import("./steps.js").Step["claim"], facts: import("./facts.js").Facts}} props */
function Checked({ claim, facts }) {
  const holds = claim.holds(facts);
  return html`<p class=${holds ? "checked" : "checked not"}><${Icon} name=${holds ? "check" : "cross"} />
    ${holds ? " Checked with the service's numbers: " : " This does not hold for this network: "}${claim.says}</p>`;
}

/** @param {{step: import("./steps.js").Step, job: any, mayTrain: boolean, newest: number, isPaused: boolean, reload: () => void}} props */
function NotYet({ step, job, mayTrain, newest, isPaused, reload }) {
  if (newest === 0) {
    return html`<p class="note">No round has been fired yet. <${Link} within=${{ step: 4 }}>Guess first which way a weight moves</${Link}>, and fire.</p>`;
  }
  const request = { method: "POST", path: `v1/jobs/${job.id}:step`, body: { epochs: MANY } };
  return html`<p>${newest === 1 ? "One round has been fired." : `${number(newest)} rounds have been fired.`} This step needs ${number(step.needs)}.</p>
    ${mayTrain ? html`<div class="actions"><${Action} label=${`Fire ${MANY} rounds`} class="primary" request=${request} disabled=${!isPaused} onDone=${reload} /></div>` : html`<p class="note">${NO_TRAINING}</p>`}
    ${!isPaused && html`<p class="waiting" aria-live="polite">The job is ${job.status}: ${number(newest)} rounds so far …</p>`}`;
}
