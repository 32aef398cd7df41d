/** Whether anybody looks at the page: while it is hidden, nothing is asked for. */

import { useEffect, useState } from "../vendor/htm-preact.js";

/** Return whether the page is visible now. */
export function isVisible() {
  return document.visibilityState !== "hidden";
}

/**
 * Call a function whenever the page is shown or hidden; return what ends that.
 *
 * @param {(visible: boolean) => void} listener
 */
export function onVisibility(listener) {
  const changed = () => listener(isVisible());
  document.addEventListener("visibilitychange", changed);
  return () => document.removeEventListener("visibilitychange", changed);
}

/** Return whether the page is visible, and render again when that changes. */
export function useVisible() {
  const [visible, setVisible] = useState(isVisible);
  useEffect(() => onVisibility(setVisible), []);
  return visible;
}
