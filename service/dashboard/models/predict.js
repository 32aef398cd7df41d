/** A form for one row, made of the model's example, and what the model answers. */

import { ask } from "../api/client.js";
import { Curl } from "../parts/curl.js";
import { count, number, shortened } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Panel } from "../parts/panel.js";
import { Trouble } from "../parts/trouble.js";
import { html, useState } from "../vendor/htm-preact.js";
import { Answer } from "./answer.js";
import { bodyOf, textsOf } from "./values.js";

const MOST_FIELDS = 100; // as a form; a wider row is JSON
const FIRST_FIELDS = 24; // the others are shown by a button
const MOST_JSON = 1000; // inputs; the JSON of more of them takes seconds to draw

/** @param {{path: string, shown: any, may: boolean}} props */
export function Predict({ path, shown, may }) {
  const { inputs, outputs, example } = shown;
  const isForm = inputs.length <= MOST_FIELDS;
  const [texts, setTexts] = useState(() => textsOf(inputs, example));
  const [json, setJson] = useState(() => JSON.stringify(example, null, 1));
  const body = isForm ? bodyOf(inputs, texts) : parsed(json);
  const request = { method: "POST", path: `${path}:predict`, body: body ?? json };
  const { answer, error, underWay, submit } = usePrediction(body === null ? null : request);
  return html`<${Panel} title="Predict" aside=${`${count(inputs.length)} ${inputs.length === 1 ? "input" : "inputs"}; the example has the means of numbers; an empty field is a missing value`}>
    <div class="predict">
      <form onSubmit=${submit}>
        ${isForm
          ? html`<${Fields} inputs=${inputs} texts=${texts} setTexts=${setTexts} />`
          : html`<${Row} inputs=${inputs} json=${json} setJson=${setJson} />`}
        <p class="actions"><span class="action-buttons"><button class="button primary" disabled=${!may || underWay}>Predict</button><${Curl} of="Predict" request=${request} /></span>
          <button type="button" class="button" onClick=${() => {
            setTexts(textsOf(inputs, example));
            setJson(JSON.stringify(example, null, 1));
          }}>Back to the example</button></p>
        ${!may && html`<p class="quiet">This key may not predict.</p>`}
      </form>
      <div class="predict-answer" aria-live="polite">
        ${error && html`<${Trouble} error=${error} what="the prediction" />`}
        ${answer && !error ? html`<${Answer} answer=${answer} outputs=${outputs} />` : !error && html`<p class="quiet">The answer appears here.</p>`}
      </div>
    </div>
  </${Panel}>`;
}

/**
 * Return what predicts, and its last answer or error.
 *
 * @param {import("../api/client.js").Request | null} request null while the row is not JSON
 */
function usePrediction(request) {
  const [answer, setAnswer] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const [underWay, setUnderWay] = useState(false);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    setUnderWay(true);
    setError(null);
    try {
      if (request === null) throw new Error("The row is not JSON yet: a bracket, a quote or a comma is missing.");
      setAnswer(await ask(request));
    } catch (caught) {
      setError(/** @type {Error} */ (caught));
    } finally {
      setUnderWay(false);
    }
  };
  return { answer, error, underWay, submit };
}

/** @param {{inputs: unknown[], json: string, setJson: (json: string) => void}} props */
function Row({ inputs, json, setJson }) {
  const [isOpen, setOpen] = useState(inputs.length <= MOST_JSON);
  if (!isOpen) {
    return html`<p>The row is the example, which has ${count(inputs.length)} values.
      <button type="button" class="button" onClick=${() => setOpen(true)}>Change it, as JSON</button></p>`;
  }
  return html`<label>The row, as JSON <textarea rows="8" value=${json} onInput=${(/** @type {{target: HTMLTextAreaElement}} */ event) => setJson(event.target.value)}></textarea></label>`;
}

/** @param {{inputs: import("./values.js").Input[], texts: import("./values.js").Texts, setTexts: (texts: import("./values.js").Texts) => void}} props */
function Fields({ inputs, texts, setTexts }) {
  const [isAll, setAll] = useState(false);
  return html`<div class="predict-fields">${inputs.slice(0, isAll ? MOST_FIELDS : FIRST_FIELDS).map(
      (input) => html`<${Field} key=${input.name} input=${input} value=${texts[input.name]} onInput=${(/** @type {string} */ text) => setTexts({ ...texts, [input.name]: text })} />`,
    )}</div>
    ${!isAll && inputs.length > FIRST_FIELDS && html`<p><button type="button" class="button" onClick=${() => setAll(true)}>Show all ${count(inputs.length)} fields</button></p>`}`;
}

/** @param {{input: import("./values.js").Input, value: string, onInput: (text: string) => void}} props */
function Field({ input, value, onInput }) {
  const typed = (/** @type {{target: HTMLInputElement}} */ event) => onInput(event.target.value);
  return html`<label class="field"><${Name} of=${input.name} most=${40} />
    ${
      input.type === "category"
        ? html`<select onChange=${typed}>
            <option value="" selected=${value === ""}>missing</option>
            ${(input.categories ?? []).map((each) => html`<option value=${each} selected=${each === value}>${shortened(each, 60)}</option>`)}
          </select>`
        : html`<input
            value=${value} onInput=${typed} placeholder="missing"
            inputmode=${input.type === "number" ? "decimal" : null} type=${input.type === "date" && isDay(value) ? "date" : "text"}
          />`
    }
    <span class="quiet hint">${hintOf(input)}</span>
  </label>`;
}

/**
 * Return where a value of an input was in training.
 *
 * @param {import("./values.js").Input} input
 */
function hintOf({ type, minimum, maximum, categories }) {
  if (type === "category") return `${count(categories?.length ?? 0)} known`;
  if (minimum === undefined || minimum === null || maximum === undefined) return type;
  return `${written(minimum)} to ${written(maximum)} in training`;
}

/** @param {number | string | null} value */
function written(value) {
  return typeof value === "string" ? value.slice(0, 10) : number(value);
}

/** @param {string} value */
function isDay(value) {
  return value === "" || /^\d{4}-\d\d-\d\d$/.test(value);
}

/** @param {string} json */
function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return null; // as long as it is being typed; pressing the button says so
  }
}
