/** The whole job as JSON, next to the fields. */

import { html } from "../vendor/htm-preact.js";

/**
 * @param {object} props
 * @param {string} props.text
 * @param {string | null} props.wrong why it is no job
 * @param {(text: string) => void} props.write
 */
export function JsonField({ text, wrong, write }) {
  return html`<div class="json-field">
    <label for="job-json">The same as JSON</label>
    <p class="quiet" id="job-json-says">It has every setting, also those without a field here: <a href="docs">documentation</a>.</p>
    <textarea
      id="job-json" rows="28" spellcheck=${false} wrap="off" value=${text}
      aria-invalid=${wrong ? "true" : null} aria-describedby="job-json-says"
      onInput=${(/** @type {any} */ event) => write(event.target.value)}
    ></textarea>
    ${wrong && html`<p class="job-fault" role="alert">This is not JSON yet: ${wrong}</p>`}
  </div>`;
}
