/** The line by which another page shows a job's curves. */

import { addressOf, changed } from "../parts/address.js";
import { html } from "../vendor/htm-preact.js";

const SHOWN = ["job", "series", "range", "scale", "theme"]; // of the address, in a frame

/** @param {{state: import("../parts/address.js").State}} props */
export function EmbedCode({ state }) {
  return html`<details class="embed-code">
    <summary>Show these curves in another page</summary>
    <pre tabindex="0">${frameOf(state, document.baseURI.replace(/[?#].*$/, ""))}</pre>
    <p class="quiet">The service shows itself in frames of the pages that its setting <code>BACKPROP_FRAME_ANCESTORS</code> names. Where it asks for keys,
      that page gives the frame a token that shares this job; the documentation of the page says how.</p>
  </details>`;
}

/**
 * Return the HTML of a frame with the curves as they are shown.
 *
 * @param {import("../parts/address.js").State} state
 * @param {string} root the address of the service
 */
export function frameOf(state, root) {
  const kept = Object.fromEntries(Object.entries(state).filter(([name]) => SHOWN.includes(name)));
  const address = new URL(addressOf(changed(kept, { embed: 1 })), root).href.replaceAll("&", "&amp;");
  return `<iframe src="${address}" width="720" height="420" title="Curves of a training"></iframe>`;
}
