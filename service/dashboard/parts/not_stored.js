/** The message where an epoch's parameters are not stored, with a button for the nearest epoch whose parameters are stored. */

import { ApiError } from "../api/client.js";
import { html } from "../vendor/htm-preact.js";
import { count } from "./format.js";
import { Shown } from "./resource_view.js";

/**
 * Return the nearest stored epoch that a refused request names, null where it was refused for another reason.
 *
 * @param {Error | null} error
 * @returns {number | null}
 */
export function nearestOf(error) {
  return error instanceof ApiError && error.status === 404 ? error.problem.nearest ?? null : null;
}

/**
 * Show what is read of an epoch as `Shown` does, or lead to the nearest stored epoch.
 *
 * @param {object} props
 * @param {import("../api/resource.js").Resource<any>} props.of
 * @param {import("./chosen_epoch.js").ChosenEpoch} props.chosen
 * @param {string} [props.what]
 * @param {(data: any) => any} props.children
 */
export function AtEpoch({ of, chosen, what, children }) {
  const nearest = nearestOf(of.error);
  if (nearest === null) return html`<${Shown} of=${of} what=${what}>${children}</${Shown}>`;
  return html`<div class="note" role="status">
    <p>The parameters of epoch ${count(chosen.epoch)} are not stored, so ${what ?? "this"} cannot be shown at it.</p>
    <p><button type="button" class="button primary" onClick=${() => chosen.choose(nearest)}>Show epoch ${count(nearest)}, the nearest stored one</button></p>
  </div>`;
}
