/** What was shown last, while the next answer is awaited, so that nothing flickers as a slider is dragged. */

import { useRef } from "../vendor/htm-preact.js";

/**
 * Return a resource whose data stays that of the last answer until the next one, an error included, is there.
 *
 * @template T
 * @param {import("./resource.js").Resource<T>} resource
 * @returns {import("./resource.js").Resource<T> & {isOld: boolean}}
 */
export function useHeld(resource) {
  const last = useRef(/** @type {T | null} */ (null));
  if (resource.data !== null) last.current = resource.data;
  const isOld = resource.data === null && resource.error === null && last.current !== null;
  return { ...resource, data: isOld ? last.current : resource.data, isOld };
}
