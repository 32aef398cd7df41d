/** Reads the records that curves are drawn from, and the new ones while a job trains. */

import { get } from "../api/client.js";
import { Reader } from "../api/resource.js";
import { useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { afterStep, nextStep } from "./curve_rows.js";

const PAUSE_MS = 500; // between two requests while it trains

/**
 * Return what is known of a job's epochs or layers; it stays while another range is read.
 *
 * @param {string} path as `v1/jobs/job_1/epochs`
 * @param {string[]} series as the API names them; none where the list has no series to choose
 * @param {import("./range.js").Range | null} range
 * @param {number | null} newest  the newest epoch; null while there is none
 * @returns {{known: import("./curve_rows.js").Known | null, error: Error | null, reload: () => void}}
 */
export function useCurves(path, series, range, newest) {
  const [state, setState] = useState(/** @type {{path: string, known: any, error: any}} */ ({ path, known: null, error: null }));
  const latest = useRef(newest);
  latest.current = newest;
  const reader = useRef(/** @type {Reader | null} */ (null));
  const key = JSON.stringify([path, series, range]);
  useEffect(() => {
    /** @type {import("./curve_rows.js").Known | null} */
    let known = null;
    const read = async (/** @type {AbortSignal} */ signal) => {
      const step = latest.current === null ? null : nextStep(known, range, latest.current);
      if (step === null) return known;
      const answer = await get(path, { ...step.query, series }, signal);
      known = afterStep(known, step, answer.data);
      return known;
    };
    const made = new Reader(read, () => {}, (data, error) =>
      setState((before) => ({ path, known: data ?? (before.path === path ? before.known : null), error })),
    );
    reader.current = made;
    made.ask();
    return () => made.end();
  }, [key]);
  useTicks(newest, () => reader.current?.ask());
  const isCurrent = state.path === path;
  return { known: isCurrent ? state.known : null, error: isCurrent ? state.error : null, reload: () => reader.current?.ask() };
}

/**
 * Call a function after a value has changed, at most once in `PAUSE_MS`.
 *
 * @param {unknown} value
 * @param {() => void} act
 */
function useTicks(value, act) {
  const timer = useRef(/** @type {ReturnType<typeof setTimeout> | null} */ (null));
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else
      timer.current ??= setTimeout(() => {
        timer.current = null;
        act();
      }, PAUSE_MS);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
}
