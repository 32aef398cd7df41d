/** What went wrong, plainly, with the way out. */

import { ApiError, Unreachable } from "../api/client.js";
import { html } from "../vendor/htm-preact.js";
import { Link } from "./link.js";

/**
 * @param {object} props
 * @param {Error} props.error
 * @param {() => void} [props.again] tries again
 * @param {string} [props.way] what `again` does, on its button
 * @param {string} [props.what] what could not be shown: "this job"
 */
export function Trouble({ error, again, way = "Try again", what = "this" }) {
  const problem = error instanceof ApiError ? error.problem : null;
  const title = problem?.title ?? (error instanceof Unreachable ? "No answer" : "The page could not show " + what);
  return html`<div class="trouble" role="alert">
    <p class="trouble-title">${title}</p>
    <p>${error.message}</p>
    ${problem?.errors && problem.errors.length > 1 && html`<ul>${problem.errors.map(fault)}</ul>`}
    <p class="trouble-ways">
      ${again && html`<button type="button" class="button" onClick=${again}>${way}</button>`}
      ${problem?.status === 404 && html`<${Link} to=${{}}>All jobs</${Link}>`}
      ${problem?.request_id && html`<span class="quiet">request ${problem.request_id}</span>`}
    </p>
  </div>`;
}

/** @param {{pointer?: string, row?: number, column?: string, detail: string}} fault */
function fault({ pointer, row, column, detail }) {
  const place = pointer ?? [row !== undefined && `row ${row}`, column].filter(Boolean).join(", ");
  return html`<li>${place && html`<code>${place}</code> `}${detail}</li>`;
}
