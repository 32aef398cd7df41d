/** Links to the pages of a list: the server says where the next one begins, the browser's history leads back. */

import { html } from "../vendor/htm-preact.js";
import { Link } from "./link.js";

/**
 * @param {object} props
 * @param {{has_more: boolean, last_id: string | number | null}} props.list the answer that is shown
 * @param {string | undefined} props.after where it begins
 * @param {string} props.label of what: "datasets"
 */
export function Pages({ list, after, label }) {
  if (!after && !list.has_more) return null;
  return html`<nav class="pages" aria-label=${`Pages of ${label}`}>
    ${after && html`<${Link} within=${{ after: null }}>First page</${Link}>`}
    ${list.has_more ? html`<${Link} within=${{ after: list.last_id }}>Next page</${Link}>` : html`<span class="quiet">The last page</span>`}
  </nav>`;
}

/**
 * The same for a part of a page, which the address does not name.
 *
 * @param {object} props
 * @param {string} props.label
 * @param {string} props.shown what is shown: "Rows 1 to 20 of 400"
 * @param {(() => void) | null} props.onBack null where there is nothing before
 * @param {(() => void) | null} props.onNext
 */
export function Steps({ label, shown, onBack, onNext }) {
  return html`<div class="pages" role="group" aria-label=${label}>
    <button type="button" class="button" disabled=${!onBack} onClick=${onBack}>Back</button>
    <button type="button" class="button" disabled=${!onNext} onClick=${onNext}>Next</button>
    <span class="quiet" aria-live="polite">${shown}</span>
  </div>`;
}
