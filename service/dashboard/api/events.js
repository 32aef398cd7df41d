/**
 * The one stream of events of the page.
 *
 * It is open while somebody listens and the page is visible, and goes on behind the last event that it brought. The
 * first time it begins at the newest event: asked for an event that cannot be there yet, the service answers with a `gap`
 * that names the newest one. The same happens after the stream was closed for a long time, and listeners get that gap as an event.
 */

import { ownHeaders } from "./client.js";
import { FetchSource } from "./fetch_source.js";
import { isVisible, onVisibility } from "./visibility.js";

/**
 * @typedef {object} Event
 * @property {number} id
 * @property {"status" | "epoch" | "warning" | "end" | "gap"} type
 * @property {string | null} job
 * @property {string} created_at
 * @property {any} data
 */
/** @typedef {"closed" | "connecting" | "open" | "lost"} Condition  lost: the service does not answer, and is asked again */

const TYPES = ["status", "epoch", "warning", "end", "gap"];
const BEYOND_ALL = 999_999_999_999_999; // the largest id that may be asked for
const AGAIN_ENDED_MS = 30_000; // of one job: its stream ends with it
const LONG_MS = 60_000; // what happened in a longer pause is read, not listened to
const CALM_SECONDS = 1; // between two deliveries to listeners who watch many jobs
const AGAIN_MS = 3000; // after a stream that the browser has given up, as it does when it is refused

/** @type {Map<(event: Event) => void, boolean>} the listeners, and whether each is content with one delivery a second */
const listeners = new Map();
/** @type {Set<(condition: Condition) => void>} */
const watchers = new Set();
/** @type {EventSource | FetchSource | null} */
let source = null;
/** @type {number | null} */
let last = null;
/** @type {string | null} */
let onlyJob = null;
/** @type {Condition} */
let condition = "closed";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let again;
/** Whether the stream delivers calmly, when it was open last, and whether events have been left out since. */
let calm = false;
let closedAt = 0;
let missed = false;

/**
 * Call a function with each event from now on; return what ends that. After a `gap` events are missing, so a listener
 * reads again what it shows.
 *
 * @param {(event: Event) => void} listener
 * @param {{calmly?: boolean}} [options] `calmly`: one delivery a second is enough, with the newest epoch of each job alone
 */
export function listen(listener, { calmly = false } = {}) {
  listeners.set(listener, calmly);
  adjust();
  return () => {
    listeners.delete(listener);
    adjust();
  };
}

/**
 * Call a function with the condition of the stream, now and whenever it changes; return what ends that.
 *
 * @param {(condition: Condition) => void} watcher
 */
export function watchStream(watcher) {
  watchers.add(watcher);
  watcher(condition);
  return () => {
    watchers.delete(watcher);
  };
}

/**
 * Follow one job alone, as somebody does who may see nothing else; null follows all.
 *
 * @param {string | null} job
 */
export function followOnly(job) {
  if (job === onlyJob) return;
  onlyJob = job;
  close();
  adjust();
}

/** Open or close the stream, as is needed now. */
function adjust() {
  const wanted = listeners.size > 0 && isVisible();
  if (source !== null && calm !== isCalm()) close();
  if (wanted && source === null && again === undefined) open();
  if (!wanted) close();
}

/** Return whether every listener is content with one delivery a second. */
function isCalm() {
  return [...listeners.values()].every(Boolean);
}

function open() {
  if (last !== null && Date.now() - closedAt > LONG_MS) {
    last = null;
    missed = true;
  }
  calm = isCalm();
  const pace = calm ? `&epochs_every=${CALM_SECONDS}` : "";
  const address = `${onlyJob ? `v1/jobs/${onlyJob}` : "v1"}/events?stream=1${pace}&after=${last ?? BEYOND_ALL}`;
  const headers = ownHeaders();
  const opened = "Authorization" in headers ? new FetchSource(address, headers) : new EventSource(address);
  source = opened;
  if (condition !== "lost") become("connecting");
  opened.onopen = () => become("open");
  opened.onerror = () => {
    become("lost"); // the browser connects again by itself, unless the stream was refused
    if (opened.readyState !== EventSource.CLOSED || source !== opened) return;
    source = null;
    again = setTimeout(() => {
      again = undefined;
      adjust();
    }, onlyJob ? AGAIN_ENDED_MS : AGAIN_MS);
  };
  for (const type of TYPES) opened.addEventListener(type, (message) => received(JSON.parse(message.data)));
}

function close() {
  clearTimeout(again);
  again = undefined;
  source?.close();
  source = null;
  become("closed");
}

/** @param {Event} event */
function received(event) {
  const isFirst = last === null;
  last = event.type === "gap" ? event.data.through : event.id;
  if (isFirst && event.type === "gap" && !missed) return;
  missed = false;
  for (const listener of [...listeners.keys()]) listener(event);
}

/** @param {Condition} next */
function become(next) {
  if (next === condition) return;
  if (condition === "open") closedAt = Date.now();
  condition = next;
  for (const watcher of watchers) watcher(condition);
}

onVisibility(adjust);
