/** Reads again every some seconds what has no events; nothing while the page is hidden, as for all resources. */

import { isVisible } from "../api/visibility.js";
import { useEffect } from "../vendor/htm-preact.js";

/**
 * Call functions that read something again, every so many seconds.
 *
 * @param {number} seconds
 * @param {(() => void)[]} reloads
 */
export function useEvery(seconds, reloads) {
  useEffect(() => {
    const timer = setInterval(() => {
      if (isVisible()) for (const reload of reloads) reload();
    }, seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds, ...reloads]);
}
