/** What `/readyz` says of the service, also where it is not ready and the answer's status is 503. */

import { Unreachable } from "../api/client.js";
import { number, size } from "../parts/format.js";

/** @typedef {{ok: boolean, seconds: number, detail?: string, since?: string, places?: number, free_bytes?: number, networks?: number, bytes?: number, revision?: string}} Check */
/** @typedef {{status: "ready" | "degraded" | "unavailable", checks: Record<string, Check>}} Readiness */

/** Each check in words, in the order in which it is shown. */
export const CHECKS = /** @type {Record<string, string>} */ ({
  database: "Database",
  migrations: "Tables",
  queue: "Queue",
  workers: "Workers",
  disk: "Disk",
  models: "Networks in memory",
});

/**
 * Read the readiness; an answer of 503 is one, too.
 *
 * @param {string} path
 * @param {unknown} _query
 * @param {AbortSignal} signal
 * @returns {Promise<Readiness>}
 */
export async function readReadiness(path, _query, signal) {
  let response;
  try {
    response = await fetch(path, { headers: { Accept: "application/json" }, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Unreachable();
  }
  return response.json();
}

/**
 * Return what a check found, in words.
 *
 * @param {string} name
 * @param {Check} check
 */
export function foundBy(name, check) {
  if (check.detail) return check.detail;
  if (name === "workers" && check.places !== undefined) return `${number(check.places)} ${check.places === 1 ? "job" : "jobs"} at once`;
  if (name === "disk" && check.free_bytes !== undefined) return `${size(check.free_bytes)} free`;
  if (name === "models" && check.networks !== undefined) return `${number(check.networks)} that predict, ${size(check.bytes)}`;
  if (name === "migrations" && check.revision) return `revision ${check.revision}`;
  return "answers";
}

/**
 * Return checks in their order; those that this page does not know come last.
 *
 * @param {Record<string, Check>} checks
 * @returns {[string, Check][]}
 */
export function inOrder(checks) {
  const known = Object.keys(CHECKS);
  const place = (/** @type {string} */ name) => (known.includes(name) ? known.indexOf(name) : known.length);
  return Object.entries(checks).sort(([one], [other]) => place(one) - place(other));
}

/**
 * Return how long ago something was, to the second where it is recent: a heartbeat comes every 5 s.
 *
 * @param {string} moment in ISO 8601
 * @param {number} [now] in milliseconds
 */
export function secondsAgo(moment, now = Date.now()) {
  const seconds = Math.max(Math.round((now - Date.parse(moment)) / 1000), 0);
  return seconds < 120 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`;
}
