/** The first things of a long list, and a button that shows more of them, so that a page stays quick whatever a job has. */

import { count } from "./format.js";
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";

/** How many layers of a network are shown at first. */
export const LAYERS_AT_ONCE = 50;

/**
 * Return the first things of a list, and what says how many are left out, if any are.
 *
 * @template T
 * @param {T[]} all
 * @param {number} step how many are shown at first, and how many more by each press of the button
 * @param {string} things the plural of what is listed, such as `layers`
 * @returns {[T[], any]}
 */
export function useFirst(all, step, things) {
  const [steps, setSteps] = useState(1);
  const shown = all.slice(0, steps * step);
  const left = all.length - shown.length;
  const end = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (steps > 1 && left <= 0) end.current?.focus(); // the button that had the focus is gone
  }, [steps]);
  const more = left > 0
    ? html`<p class="quiet">The first ${count(shown.length)} of ${count(all.length)} ${things}.
        <button type="button" class="button" onClick=${() => setSteps(steps + 1)}>Show ${count(Math.min(step, left))} more</button></p>`
    : steps > 1 && html`<p class="quiet" tabindex="-1" ref=${end}>All ${count(all.length)} ${things} are shown.</p>`;
  return [shown, more];
}
