/** How wide a drawing may be, so that its text stays readable in narrow windows. */

import { useEffect, useState } from "../vendor/htm-preact.js";

/**
 * Return the width of an element in pixels, 0 before it is known, and render again when it changes.
 *
 * @param {{current: HTMLElement | null}} place
 */
export function useWidth(place) {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = /** @type {HTMLElement} */ (place.current);
    const measure = () => setWidth(Math.floor(element.clientWidth));
    measure();
    const sizes = new ResizeObserver(measure);
    sizes.observe(element);
    return () => sizes.disconnect();
  }, []);
  return width;
}
