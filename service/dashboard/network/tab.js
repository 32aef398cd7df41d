/** The network drawn: a row of the dataset goes through it, and its error comes back. */

import { change } from "../parts/address.js";
import { ask } from "../api/client.js";
import { useHeld } from "../api/held.js";
import { useResource } from "../api/resource.js";
import { Curl } from "../parts/curl.js";
import { edgeOfPlace, placeOfEdge } from "../parts/edge.js";
import { count } from "../parts/format.js";
import { AtEpoch } from "../parts/not_stored.js";
import { Panel } from "../parts/panel.js";
import { RowChoice, rowOf } from "../parts/row_choice.js";
import { useSettled } from "../parts/settled.js";
import { useWidth } from "../parts/width.js";
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { answerSentence } from "./answer.js";
import { columnsOf, layoutOf, MOST_UNITS } from "./columns.js";
import { Drawing } from "./drawing.js";
import { formulasByName } from "./explanations.js";
import { LayerTables } from "./layer_tables.js";
import { numbersOf, parametersOf } from "./numbers.js";
import { Aside } from "./aside.js";
import { Stepper } from "./stepper.js";
import { stepsOf } from "./steps.js";

const WHOLE = 20_000; // parameters up to which the trace is asked for every number
const MOST_STORED = 300_000; // parameters up to which the weights are read besides

/** @param {import("../parts/job_data.js").PartProps} props */
export function NetworkTab({ job, chosen, state }) {
  const epoch = useSettled(chosen.epoch);
  const row = rowOf(state.row);
  const total = parametersOf(job.network);
  const path = `v1/jobs/${job.id}/epochs/${epoch}`;
  const query = { explain: true, full: total <= WHOLE };
  const trace = useHeld(useResource(`${path}:trace`, { ...query, row }, readTrace));
  const stored = useHeld(useResource(total > WHOLE && total <= MOST_STORED ? `${path}/parameters` : null));
  const request = { method: "POST", path: `${path}:trace`, query, body: { row } };
  return html`<${Panel} title="One row through the network" class="network" aside=${html`<${RowChoice} job=${job} row=${row} /> <${Curl} request=${request} of="the trace of this row" />`}>
    <${AtEpoch} of=${trace} chosen=${chosen} what="the network">${(/** @type {any} */ answer) =>
      html`<${Traced} job=${job} trace=${answer} stored=${stored.data} state=${state} isOld=${trace.isOld} hasWeights=${total <= MOST_STORED} />`
    }</${AtEpoch}>
  </${Panel}>`;
}

/**
 * Ask for the trace of a row, which is named in the body.
 *
 * @param {string} path
 * @param {any} query
 * @param {AbortSignal} signal
 */
function readTrace(path, { row, ...query }, signal) {
  return ask({ method: "POST", path, query, body: { row }, signal });
}

/** @param {{job: import("../api/answers.js").Job, trace: any, stored: any, state: import("../parts/address.js").State, isOld: boolean, hasWeights: boolean}} props */
function Traced({ job, trace, stored, state, isOld, hasWeights }) {
  const [by, setBy] = useState("largest");
  const [pointed, setPointed] = useState(/** @type {import("./explanations.js").Thing | null} */ (null));
  const [pinned, setPinned] = useState(/** @type {import("./explanations.js").Thing | null} */ (null));
  const [place, width] = useWidth();
  const { layers } = job.network;
  const numbers = useMemo(() => numbersOf(trace, job.network, stored), [trace, stored]);
  const formulas = useMemo(() => formulasByName(trace.formulas ?? []), [trace]);
  const edge = edgeWithin(placeOfEdge(state.edge), numbers);
  const columns = columnsOf(numbers, { by, edge });
  const layout = layoutOf(columns, numbers, width);
  const steps = stepsOf(layers.length);
  const step = steps.find(({ id }) => id === state.step) ?? null;
  const answer = answerSentence(job, numbers);
  const explained = { numbers, formulas, layers, notation: state.notation };
  const edgeThing = edge && /** @type {import("./explanations.js").Thing} */ ({ kind: "weight", ...edge });
  const chooseEdge = (/** @type {import("../parts/notation.js").WeightPlace} */ chosenPlace) => {
    change({ edge: edgeOfPlace(chosenPlace) }, { replace: true });
    setPinned({ kind: "weight", ...chosenPlace });
  };
  return html`
    ${answer && html`<p class="network-answer">${answer}</p>`}
    <${Stepper} steps=${steps} step=${step} notation=${state.notation} layers=${layers} />
    <div class=${`network-parts ${isOld ? "is-old" : ""}`}>
      <div class="network-main">
        <div class="network-scroll" ref=${place} tabindex="0" role="region" aria-label="Drawing of the network">
          <${Drawing} layout=${layout} columns=${columns} step=${step} explained=${explained} job=${job} edge=${edge}
            pinned=${pinned} point=${setPointed} pin=${setPinned} chooseEdge=${chooseEdge} />
        </div>
        <${Parts} columns=${columns} by=${by} setBy=${setBy} hasWeights=${hasWeights} leftOut=${trace.formulas_left_out}
          isSummarised=${numbers.inputs.includes(undefined) || numbers.layers.some(({ a }) => a === null)} />
      </div>
      <${Aside} explained=${explained} trace=${trace} job=${job} step=${step} columns=${columns} thing=${pointed ?? pinned ?? (step ? null : edgeThing)}
        isPinned=${pointed === null && pinned !== null} unpin=${() => setPinned(null)} chooseEdge=${chooseEdge} />
    </div>
    <${LayerTables} explained=${explained} columns=${columns} job=${job} />
  `;
}

/** @param {{columns: import("./columns.js").Column[], by: string, setBy: (by: string) => void, hasWeights: boolean, leftOut: number, isSummarised: boolean}} props */
function Parts({ columns, by, setBy, hasWeights, leftOut, isSummarised }) {
  const partial = columns.filter(({ choice }) => choice);
  return html`
    ${partial.length > 0 &&
    html`<p class="quiet network-choice">At most ${MOST_UNITS} units of a layer are drawn; the other units take part in every number.${" "}
      <label>Drawn are <select value=${by} onChange=${(/** @type {{target: HTMLSelectElement}} */ event) => setBy(event.target.value)}>
        <option value="largest">those with the largest numbers</option><option value="first">the first</option>
      </select></label></p>`}
    ${!hasWeights && html`<p class="quiet">This network has too many weights for a page: its lines show connections, not weights.</p>`}
    ${isSummarised && html`<p class="quiet">Of a layer with more than 1,000 units the service sends a summary alone; its numbers are shown as –.</p>`}
    ${leftOut > 0 && html`<p class="quiet">The service writes 5,000 formulas at most; ${count(leftOut)} of smaller effect are left out.</p>`}
  `;
}

/**
 * @param {import("../parts/notation.js").WeightPlace | null} place
 * @param {import("./numbers.js").Numbers} numbers
 */
function edgeWithin(place, numbers) {
  const layer = place && numbers.layers[place.layer];
  if (!place || !layer || !layer.joins || place.unit >= layer.size) return null;
  const inputs = place.layer === 0 ? numbers.inputs.length : numbers.layers[place.layer - 1].size;
  return place.input === null || place.input < inputs ? place : null;
}
