/** The form that starts a job: from a preset, by fields, or as JSON, all three the same body. */

import { addressTo, show } from "../parts/address.js";
import { ApiError } from "../api/client.js";
import { may } from "../api/session.js";
import { Action } from "../parts/action.js";
import { Name } from "../parts/name.js";
import { Empty } from "../parts/panel.js";
import { Trouble } from "../parts/trouble.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { pretty } from "./body.js";
import { Estimate } from "./estimate.js";
import { JobFields, isShownAt } from "./job_fields.js";
import { JsonField } from "./json_field.js";
import { PresetCards } from "./preset_cards.js";
import { bodyOn, presetOf } from "./presets.js";

/** @typedef {import("./body.js").Fault} Fault */

/** @param {{state: import("../parts/address.js").State, session: import("../api/session.js").Session | null}} props */
export function NewJob({ state, session }) {
  const preset = presetOf(state.new?.split(".")[1]);
  if (!may(session, "train")) {
    return html`<h1>Start a job</h1><${Empty} title="This key may not train"><p>It takes a key with the scope <code>train</code>.</p></${Empty}>`;
  }
  const { dataset } = state;
  return html`<h1>Start a job</h1>
    <${PresetCards} chosen=${dataset ? null : preset.id} />
    <p class="preset-about">${dataset ? html`It trains on <${Name} of=${dataset} />, a dataset of the service.` : preset.about}</p>
    <${Form} key=${dataset ?? preset.id} preset=${preset} first=${dataset ? bodyOn(dataset) : preset.body()} />`;
}

/** @param {{preset: import("./presets.js").Preset, first: any}} props */
function Form({ preset, first }) {
  const [written, setWritten] = useState(() => textOf(first));
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const { body, text, wrong } = written;
  useEffect(() => setError(null), [body]);
  const faults = error instanceof ApiError ? error.problem.errors ?? [] : [];
  const isElsewhere = error !== null && (faults.length === 0 || faults.some(({ pointer }) => !isShownAt(body, pointer)));
  const change = (/** @type {any} */ changed) => setWritten(textOf(changed));
  return html`<form class="new-job" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
    <div class="new-job-parts">
      <${JobFields} draft=${{ body, change, faults }} preset=${preset} />
      <${JsonField} text=${text} wrong=${wrong} write=${(/** @type {string} */ changed) => setWritten((before) => readText(changed, before.body))} />
    </div>
    <div class="new-job-end">
      ${isElsewhere && html`<${Trouble} error=${error} what="the job" />`}
      ${error !== null && !isElsewhere && html`<p class="job-fault" role="alert">Not started: ${faults.length === 1 ? "a field" : `${faults.length} fields`} above must be changed.</p>`}
      <div class="actions">
        <${Action}
          label="Start" class="primary" disabled=${wrong !== null} onError=${setError}
          request=${{ method: "POST", path: "v1/jobs", body }}
          onDone=${(/** @type {any} */ job) => show(addressTo({ job: job.id }))}
        />
        <${Estimate} body=${body} disabled=${wrong !== null} onError=${setError} />
      </div>
    </div>
  </form>`;
}

/**
 * A body with its text, which are the same unless the text is no JSON.
 *
 * @typedef {{body: any, text: string, wrong: string | null}} Written
 */

/** @type {(body: any) => Written} */
function textOf(body) {
  return { body, text: pretty(body), wrong: null };
}

/**
 * @param {string} text
 * @param {any} before what the fields show while the text is no JSON
 * @returns {Written}
 */
export function readText(text, before) {
  try {
    const body = JSON.parse(text);
    const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
    return isObject ? { body, text, wrong: null } : { body: before, text, wrong: "A job is an object: { … }." };
  } catch (error) {
    return { body: before, text, wrong: /** @type {Error} */ (error).message };
  }
}
