/** How wide an element is, for drawings that fit it. */

import { useEffect, useRef, useState } from "../vendor/htm-preact.js";

/**
 * Return a reference for an element, and its width in pixels, which follows the window.
 *
 * @param {number} [before] the width until it is known
 * @returns {[{current: any}, number]}
 */
export function useWidth(before = 640) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const [width, setWidth] = useState(before);
  useEffect(() => {
    const element = /** @type {HTMLElement} */ (place.current);
    const sizes = new ResizeObserver(() => {
      if (element.clientWidth) setWidth(element.clientWidth);
    });
    sizes.observe(element);
    return () => sizes.disconnect();
  }, []);
  return [place, width];
}
