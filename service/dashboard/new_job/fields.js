/** Fields of a form that read and write a part of a body, with the faults that the service has found in it. */

import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { faultsAt, typed, valueAt, withValue } from "./body.js";

let numbered = 0;

/**
 * What each field gets: the body and what changes it.
 *
 * @typedef {object} Draft
 * @property {any} body
 * @property {(body: any) => void} change
 * @property {import("./body.js").Fault[]} faults
 */

/**
 * A field for a number, or for a text such as `full`.
 *
 * @param {{draft: Draft, at: string, label: string, hint?: string, read?: (text: string) => any} & Record<string, any>} props
 */
export function TypedField({ draft, at, label, hint, read = typed, ...rest }) {
  const value = valueAt(draft.body, at);
  const [text, setText] = useState(shownOf(value));
  useEffect(() => {
    if (JSON.stringify(read(text)) !== JSON.stringify(value)) setText(shownOf(value)); // changed elsewhere: by a preset, or in the JSON
  }, [value]);
  const onInput = (/** @type {any} */ event) => {
    setText(event.target.value);
    draft.change(withValue(draft.body, at, read(event.target.value)));
  };
  return html`<${Field} draft=${draft} at=${at} label=${label} hint=${hint}>${(/** @type {any} */ marks) =>
    html`<input type="text" autocomplete="off" value=${text} onInput=${onInput} ...${marks} ...${rest} />`
  }</${Field}>`;
}

/**
 * A field that chooses a name; what has settings of its own in the JSON is shown by its type.
 *
 * @param {{draft: Draft, at: string, label: string, names: string[], none?: string, hint?: string}} props
 */
export function NameField({ draft, at, label, names, none, hint }) {
  const value = valueAt(draft.body, at);
  const name = value?.type ?? value ?? "";
  const shown = names.includes(name) || name === "" ? names : [...names, name];
  const onChange = (/** @type {any} */ event) => draft.change(withValue(draft.body, at, event.target.value || undefined));
  return html`<${Field} draft=${draft} at=${at} label=${label} hint=${hint}>${(/** @type {any} */ marks) =>
    html`<select value=${name} onChange=${onChange} ...${marks}>
      ${(none || name === "") && html`<option value="">${none ?? "choose"}</option>`}
      ${shown.map((each) => html`<option value=${each}>${each}</option>`)}
    </select>`
  }</${Field}>`;
}

/**
 * A label, a control, and below it a hint and the faults.
 *
 * @param {{draft: Draft, at: string, label: string, hint?: string, children: (marks: any) => any}} props
 */
export function Field({ draft, at, label, hint, children }) {
  const [id] = useState(() => `field-${(numbered += 1)}`);
  const found = faultsAt(draft.faults, at);
  const marks = { id, "aria-invalid": found.length > 0 ? "true" : null, "aria-describedby": found.length > 0 || hint ? `${id}-says` : null };
  return html`<div class="job-field"><label for=${id}>${label}</label>${children(marks)}
    ${(found.length > 0 || hint) && html`<div id=${`${id}-says`} class="field-says">
      ${found.map((fault) => html`<p class="job-fault">${fault.detail}</p>`)}
      ${hint && html`<p class="quiet">${hint}</p>`}
    </div>`}
  </div>`;
}

/** @param {any} value */
function shownOf(value) {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * Read a text as it is; nothing where it is empty.
 *
 * @param {string} text
 */
export function asText(text) {
  return text || undefined;
}
