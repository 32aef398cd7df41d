/** A button about an epoch: where that epoch is not stored it offers the nearest one that is. */

import { ApiError } from "../api/client.js";
import { Action } from "../parts/action.js";
import { count } from "../parts/format.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";

/**
 * @param {object} props
 * @param {number} props.epoch
 * @param {(epoch: number) => import("../api/client.js").Request} props.requestOf
 * @param {(epoch: number) => string} props.labelOf
 * @param {(answer: any) => void} [props.onDone]
 * @param {string} [props.class]
 */
export function NearestAction({ epoch, requestOf, labelOf, onDone, class: kind }) {
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  useEffect(() => setError(null), [epoch]);
  const nearest = nearestOf(error);
  return html`<${Action} class=${kind} request=${requestOf(epoch)} label=${labelOf(epoch)} onDone=${onDone} onError=${setError} />
    ${error && html`<span class="action-error" role="alert">${error.message}</span>`}
    ${
      nearest !== null &&
      html`<p>Epoch ${count(nearest)} is the nearest that is stored: <${Action} request=${requestOf(nearest)} label=${labelOf(nearest)} onDone=${onDone} /></p>`
    }`;
}

/**
 * Return the nearest stored epoch that a refusal names.
 *
 * @param {Error | null} error
 * @returns {number | null}
 */
export function nearestOf(error) {
  return error instanceof ApiError && error.status === 404 ? error.problem.nearest ?? null : null;
}
