/** The guided tour: its start, which makes a job, and its steps over that job. */

import { addressTo, change, show, stateOf } from "../parts/address.js";
import { may } from "../api/session.js";
import { useJob } from "../parts/job_data.js";
import { Action } from "../parts/action.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { LearningFoot } from "../learning/foot.js";
import { JOB } from "./gun.js";
import { useArrows } from "./keys.js";
import { NO_TRAINING, StepBody } from "./step_body.js";
import { STEPS, stepNumber } from "./steps.js";

/** @param {{state: import("../parts/address.js").State, session: import("../api/session.js").Session | null}} props */
export function Tour({ state, session }) {
  const mayTrain = may(session, "train");
  return html`<div class="tour"><h1>What backpropagation does</h1>
    ${state.job ? html`<${Steps} key=${state.job} state=${state} mayTrain=${mayTrain} />` : html`<${Start} mayTrain=${mayTrain} />`}
    <${LearningFoot} notation=${state.notation} isTour /></div>`;
}

/** @param {{mayTrain: boolean}} props */
function Start({ mayTrain }) {
  const showFirstStep = (/** @type {import("../api/answers.js").Job} */ job) => show(addressTo({ view: "tour", job: job.id, step: 1 }));
  return html`<${Panel} title="Eight short steps, with a network of your own">
    <p>A gunner fires, sees how far off the shot was, turns each wheel of the gun a little, and fires again. A neural network
      learns in the same way, and backpropagation says which way each wheel is to be turned.</p>
    <p>The tour makes a small network in this service, held before its first round. You fire the rounds. Every number that you
      read is the service's own.</p>
    ${mayTrain
      ? html`<div class="actions"><${Action} label="Set up the network" class="primary" request=${{ method: "POST", path: "v1/jobs", body: JOB }} onDone=${showFirstStep} /></div>`
      : html`<p class="note">${NO_TRAINING}</p>`}
    <ol class="steps-ahead">${STEPS.map(({ title }) => html`<li>${title}</li>`)}</ol>
  </${Panel}>`;
}

/** @param {{state: import("../parts/address.js").State, mayTrain: boolean}} props */
function Steps({ state, mayTrain }) {
  const number = stepNumber(state.step);
  const { resource, latest } = useJob(state.job);
  const [guess, setGuess] = useState(/** @type {import("./verdict.js").Way | null} */ (null));
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const before = useRef(number);
  const go = (/** @type {number} */ wanted) => change({ step: Math.min(Math.max(wanted, 1), STEPS.length) });
  useArrows((by) => go(stepNumber(stateOf().step) + by)); // keys may come faster than the page is drawn
  useEffect(() => {
    if (before.current !== number) heading.current?.focus();
    before.current = number;
  }, [number]);
  const step = STEPS[number - 1];
  return html`<${StepList} number=${number} go=${go} />
    <section class="panel tour-step" aria-labelledby="tour-step">
      <h2 id="tour-step" tabindex="-1" ref=${heading}><span class="quiet">${number} of ${STEPS.length}</span> ${step.title}</h2>
      <${Shown} of=${resource} what="the tour's job">${(/** @type {import("../api/answers.js").Job} */ job) =>
        latest === null
          ? html`<p class="waiting" aria-live="polite">A worker sets the network up …</p>`
          : html`<${StepBody} key=${step.id} step=${step} job=${job} mayTrain=${mayTrain} newest=${latest.epoch} reload=${resource.reload} notation=${state.notation} guess=${guess} setGuess=${setGuess} />`
      }</${Shown}>
      <p class="tour-ways">
        <button type="button" class="button" disabled=${number === 1} onClick=${() => go(number - 1)}>← Back</button>
        <button type="button" class=${`button ${number < STEPS.length ? "primary" : ""}`} disabled=${number === STEPS.length} onClick=${() => go(number + 1)}>Next →</button>
        <span class="quiet">The arrow keys do the same.</span>
        <a class="to-job" href=${addressTo({ job: state.job })}>This network's page</a>
      </p>
    </section>`;
}

/** @param {{number: number, go: (wanted: number) => void}} props */
function StepList({ number, go }) {
  return html`<nav class="step-list" aria-label="Steps of the tour"><ol>
    ${STEPS.map(({ title }, index) => html`<li><button type="button" class=${index < number - 1 ? "done" : ""} aria-current=${index + 1 === number ? "step" : null}
      aria-label=${`Step ${index + 1}: ${title}`} title=${title} onClick=${() => go(index + 1)}>${index + 1}</button></li>`)}
  </ol></nav>`;
}
