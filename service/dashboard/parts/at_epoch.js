/** Reads what the service says about an epoch; where its parameters are not stored, about the nearest one that has them. */

import { ask } from "../api/client.js";
import { useHeld } from "../api/held.js";
import { useResource } from "../api/resource.js";
import { count } from "./format.js";
import { nearestOf } from "./not_stored.js";
import { html } from "../vendor/htm-preact.js";

/**
 * Read something of an epoch. While another epoch is read, the answer about the last one stays.
 *
 * @param {string} job
 * @param {number | null} epoch null reads nothing
 * @param {string} what behind the epoch in the address: `/slope`, `:trace`
 * @param {import("../api/client.js").Request["query"]} [query]
 * @param {unknown} [body] of a POST
 * @returns {import("../api/resource.js").Resource<any>}
 */
export function useAtEpoch(job, epoch, what, query = {}, body = undefined) {
  const path = epoch === null ? null : requestAt(job, epoch, what, query, body).path;
  const key = { ...query, body: JSON.stringify(body) };
  return useHeld(useResource(path, key, (_path, _query, signal) => readAt(job, /** @type {number} */ (epoch), what, query, body, signal)));
}

/**
 * Return the request for something of an epoch.
 *
 * @param {string} job
 * @param {number | string} epoch
 * @param {string} what
 * @param {import("../api/client.js").Request["query"]} [query]
 * @param {unknown} [body]
 * @returns {import("../api/client.js").Request}
 */
export function requestAt(job, epoch, what, query, body) {
  return { method: body === undefined ? "GET" : "POST", path: `v1/jobs/${job}/epochs/${epoch}${what}`, query, body };
}

/**
 * @param {string} job
 * @param {number} epoch
 * @param {string} what
 * @param {import("../api/client.js").Request["query"]} query
 * @param {unknown} body
 * @param {AbortSignal} signal
 */
async function readAt(job, epoch, what, query, body, signal) {
  try {
    return await ask({ ...requestAt(job, epoch, what, query, body), signal });
  } catch (error) {
    const nearest = nearestOf(/** @type {Error} */ (error));
    if (nearest === null) throw error;
    return await ask({ ...requestAt(job, nearest, what, query, body), signal });
  }
}

/**
 * Says which epoch is shown, where it is not the chosen one.
 *
 * @param {{shown: number, wanted: number}} props
 */
export function NearestEpoch({ shown, wanted }) {
  if (shown === wanted) return null;
  return html`<p class="note">The parameters of epoch ${count(wanted)} are not stored. This is epoch ${count(shown)}, the nearest that has them.</p>`;
}
