/** The predictions of several epochs for one row: asked for one at a time, the newest first, and remembered. */

import { ask } from "../api/client.js";
import { useResource } from "../api/resource.js";
import { nearestOf } from "../parts/not_stored.js";
import { useEffect, useState } from "../vendor/htm-preact.js";

/** @type {Map<string, number[] | null>} by job, row and epoch; null where the epoch is not stored */
const remembered = new Map();

/**
 * Return what each epoch predicts for an instance, as far as it is known by now.
 *
 * @param {string} job
 * @param {number} row names the instance
 * @param {any[] | null} instance
 * @param {number[]} epochs ascending
 * @returns {{shots: Map<number, number[] | null>, error: Error | null, missing: number}}
 */
export function usePredictions(job, row, instance, epochs) {
  const [, again] = useState(0);
  const keyOf = (/** @type {number} */ epoch) => `${job} ${row} ${epoch}`;
  const missing = instance === null ? [] : epochs.filter((epoch) => !remembered.has(keyOf(epoch)));
  const next = missing[missing.length - 1];
  const path = next === undefined ? null : `v1/jobs/${job}/epochs/${next}:predict`;
  const answer = useResource(path, { row }, (address, _, signal) => ask({ method: "POST", path: address, body: { instances: [instance] }, signal }));
  const isRefused = answer.error !== null && nearestOf(answer.error) === null;
  useEffect(() => {
    if (next === undefined || (answer.data === null && (answer.error === null || isRefused))) return;
    remembered.set(keyOf(next), answer.data?.predictions[0] ?? null);
    again((count) => count + 1);
  }, [answer.data, answer.error]);
  const shots = new Map(epochs.filter((epoch) => remembered.has(keyOf(epoch))).map((epoch) => [epoch, remembered.get(keyOf(epoch)) ?? null]));
  return { shots, error: isRefused ? answer.error : null, missing: missing.length };
}
