/** A value once it has stayed the same for a while. */

import { useEffect, useState } from "../vendor/htm-preact.js";

/**
 * Return a value once it has stayed the same for a while, so that dragging a slider sends few requests.
 *
 * @template T
 * @param {T} value
 * @param {number} [milliseconds]
 * @returns {T}
 */
export function useSettled(value, milliseconds = 120) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(() => value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
