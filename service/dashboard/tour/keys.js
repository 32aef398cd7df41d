/** The arrow keys, which go on and back where no field is written in. */

import { useEffect } from "../vendor/htm-preact.js";

const FIELDS = "input, select, textarea, [contenteditable], [role='slider'], [popover]";

/**
 * Call a function with 1 for the right arrow and with -1 for the left one.
 *
 * @param {(by: number) => void} move
 */
export function useArrows(move) {
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (event.target instanceof Element && event.target.closest(FIELDS)) return;
      const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (by === 0) return;
      event.preventDefault();
      move(by);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });
}
