/** Reads what a step of the tour needs to know about its job. */

import { useAtEpoch } from "../parts/at_epoch.js";
import { READS } from "./gun.js";

/**
 * Return the answers that a step needs, and what went wrong, if anything did.
 *
 * @param {string} job
 * @param {number} newest the job's newest epoch
 * @param {import("./steps.js").Step} step
 * @returns {import("../api/resource.js").Resource<import("./facts.js").Answers>} data once all answers are there
 */
export function useAnswers(job, newest, step) {
  const resources = Object.entries(READS).map(([name, { epoch, what, query, body }]) => {
    const at = epoch === "newest" ? newest : epoch;
    const wanted = step.reads.includes(name) && newest >= step.needs;
    return { name, wanted, resource: useAtEpoch(job, wanted ? at : null, what, query, body) };
  });
  const wanted = resources.filter((each) => each.wanted);
  const isWhole = wanted.length > 0 && wanted.every(({ resource }) => resource.data !== null);
  return {
    data: isWhole ? Object.fromEntries(wanted.map(({ name, resource }) => [name, resource.data])) : null,
    error: wanted.find(({ resource }) => resource.error)?.resource.error ?? null,
    loading: wanted.some(({ resource }) => resource.loading),
    reload: () => wanted.forEach(({ resource }) => resource.reload()),
  };
}
