/**
 * The state of the page, which is its address: what is shown, and of it which epoch, row and weight.
 *
 * Whatever a reader chooses is a parameter of the query, so that each view can be linked to, reloaded and shared.
 */

import { useEffect, useState } from "../vendor/htm-preact.js";

/** All names in the query; `service/api/dashboard.py` declares the same, and a test compares the two. */
export const NAMES = [
  "view", "job", "tab", "dataset", "model", "version", "compare", "epoch", "row", "edge", "against", "blank", "step", "notation", "search",
  "status", "after", "at_epoch", "embed", "series", "theme", "range", "scale", "by", "new",
];
/** What stays when another thing is shown. */
const LASTING = ["theme", "notation", "embed"];

/** @typedef {Record<string, string>} State  the parameters that are present */
/** @typedef {Record<string, string | number | null | undefined>} Changes  null, undefined and "" remove a parameter */

/** @type {Set<() => void>} */
const listeners = new Set();

/**
 * Return the state that a query has; names that the page does not know are left out.
 *
 * @param {string} [query] the query of an address, by default that of this page
 * @returns {State}
 */
export function stateOf(query = location.search) {
  const given = new URLSearchParams(query);
  return Object.fromEntries(NAMES.filter((name) => given.get(name)).map((name) => [name, given.get(name) ?? ""]));
}

/**
 * Return a state with changes.
 *
 * @param {State} state
 * @param {Changes} changes
 * @returns {State}
 */
export function changed(state, changes) {
  const merged = { ...state, ...changes };
  const present = NAMES.filter((name) => merged[name] !== null && merged[name] !== undefined && merged[name] !== "");
  return Object.fromEntries(present.map((name) => [name, String(merged[name])]));
}

/**
 * Return the address, relative to the page, that shows a state.
 *
 * @param {State} state
 */
export function addressOf(state) {
  const query = new URLSearchParams(state).toString().replaceAll("%2C", ",").replaceAll("%40", "@");
  return query ? `?${query}` : "./";
}

/**
 * Return the address of something else, such as `{job: id}`: all but the theme and the notation is forgotten.
 *
 * @param {Changes} wanted
 */
export function addressTo(wanted) {
  return addressOf(changed(lasting(stateOf()), wanted));
}

/**
 * Return the address of what is shown, with changes, such as `{epoch: 3}`.
 *
 * @param {Changes} changes
 */
export function addressWithin(changes) {
  return addressOf(changed(stateOf(), changes));
}

/**
 * Show an address of this page.
 *
 * @param {string} address as `addressTo` and `addressWithin` return it
 * @param {{replace?: boolean}} [options] `replace` adds nothing to the history, for what changes often, such as a slider
 */
export function show(address, { replace = false } = {}) {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  announce();
}

/**
 * Change the state of what is shown.
 *
 * @param {Changes} changes
 * @param {{replace?: boolean}} [options]
 */
export function change(changes, options) {
  show(addressWithin(changes), options);
}

/**
 * Return the present state, and render again whenever it changes.
 *
 * @returns {State}
 */
export function useAddress() {
  const [state, setState] = useState(stateOf);
  useEffect(() => {
    const listener = () => setState(stateOf());
    listeners.add(listener);
    listener(); // it may have changed between the first rendering and this effect
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return state;
}

/** Tell all listeners that the address has changed. */
export function announce() {
  for (const listener of listeners) listener();
}

/** @param {State} state */
function lasting(state) {
  return Object.fromEntries(LASTING.filter((name) => state[name]).map((name) => [name, state[name]]));
}
