/** What the list asks the service for: one page of summaries, with exactly the fields that the table shows. */

import { send } from "../api/client.js";

/** @typedef {import("../parts/address.js").State} State */
/** @typedef {import("../api/answers.js").Row} Row */
/** @typedef {{rows: Row[], next: string | null}} ListPage */

export const STATUSES = ["queued", "running", "paused", "succeeded", "failed", "cancelled"];
export const CURVE_POINTS = 24;
const PAGE_ROWS = 50;
const LOSSES = ["epoch", "training_loss", "validation_loss"];
const FIELDS = [
  ...["id", "status", "requested", "waiting.reason", "attempt", "created_at", "started_at", "dataset", "model.name"],
  ...["progress.epoch", "progress.epochs", "error.code", "curve"],
  ...LOSSES.map((name) => `latest.${name}`),
  ...LOSSES.map((name) => `best.${name}`),
];

/**
 * Return the query of the page of the list that the address names.
 *
 * @param {State} state
 * @returns {Record<string, string | number | null>}
 */
export function queryOf(state) {
  const at = epochAsked(state);
  const fields = at === null ? FIELDS : [...FIELDS, ...LOSSES.map((name) => `at_epoch.${name}`)];
  return {
    limit: PAGE_ROWS,
    search: state.search ?? null,
    status: STATUSES.includes(state.status) ? state.status : null,
    after: state.after ?? null,
    best: "true",
    curve: CURVE_POINTS,
    at_epoch: at,
    fields: fields.join(","),
  };
}

/**
 * Return the epoch whose losses the reader has asked for, null if none.
 *
 * @param {State} state
 */
export function epochAsked(state) {
  return /^\d{1,9}$/.test(state.at_epoch ?? "") ? Number(state.at_epoch) : null;
}

/**
 * Return whether the list is all jobs from the newest on, with nothing searched for.
 *
 * @param {State} state
 */
export function isWhole(state) {
  return !state.search && !STATUSES.includes(state.status) && !state.after;
}

/**
 * Read a page of the list, and where the next one begins.
 *
 * @param {string} path
 * @param {import("../api/client.js").Request["query"]} query
 * @param {AbortSignal} signal
 * @returns {Promise<ListPage>}
 */
export async function readPage(path, query, signal) {
  const response = await send({ method: "GET", path, query, signal });
  const answer = await response.json();
  return { rows: answer.data, next: nextOf(response.headers.get("Link")) };
}

/**
 * Return the `after` of the next page that a `Link` header names, null on the last page.
 *
 * @param {string | null} link
 */
export function nextOf(link) {
  const found = /<([^>]*)>;\s*rel="next"/.exec(link ?? "");
  return found ? new URL(found[1], "http://service/").searchParams.get("after") : null;
}
