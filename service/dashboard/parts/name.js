/** A name that users gave: shortened where it is long, with the whole of it for those who point at it. */

import { html } from "../vendor/htm-preact.js";
import { shortened } from "./format.js";

const MOST_IN_TITLE = 1000;

/** @param {{of: string, most?: number}} props */
export function Name({ of, most = 40 }) {
  const text = shortened(of, most);
  return text === of ? of : html`<span title=${shortened(of, MOST_IN_TITLE)}>${text}</span>`;
}
