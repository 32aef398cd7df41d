/** The epoch that everything on a job's page shows: a number in the address, or the newest one. */

import { change } from "./address.js";

/**
 * @typedef {object} ChosenEpoch
 * @property {number} epoch  the epoch that is shown
 * @property {number} newest  the newest one that there is
 * @property {boolean} follows  whether the newest one is shown, whichever it is
 * @property {(epoch: number | null) => void} choose  null follows the newest
 */

/**
 * Return the epoch that the address names: a number, `best` or `last`; without one the `first`, or else the newest.
 *
 * @param {import("./address.js").State} state
 * @param {{best_epoch: number | null} | null} job
 * @param {{epoch: number} | null} latest
 * @param {number} [first]
 * @returns {ChosenEpoch}
 */
export function chosenEpoch(state, job, latest, first) {
  const newest = latest?.epoch ?? 0;
  const text = state.epoch ?? first?.toString() ?? "last";
  const named = text === "best" ? job?.best_epoch ?? newest : Number(text);
  const follows = !Number.isInteger(named) || text === "last";
  return { epoch: follows ? newest : Math.min(Math.max(named, 0), newest), newest, follows, choose };

  /** @param {number | null} wanted */
  function choose(wanted) {
    change({ epoch: wanted ?? (first === undefined ? null : "last") }, { replace: true });
  }
}
