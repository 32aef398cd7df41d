/** A link to another state of the page, which is shown without loading the page again. */

import { addressTo, addressWithin, show } from "./address.js";
import { html } from "../vendor/htm-preact.js";

/**
 * @param {object} props
 * @param {import("./address.js").Changes} [props.to] what to show instead
 * @param {import("./address.js").Changes} [props.within] changes of what is shown
 * @param {any} [props.children]
 */
export function Link({ to, within, children, ...rest }) {
  const address = to ? addressTo(to) : addressWithin(within ?? {});
  const follow = (/** @type {MouseEvent} */ event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    show(address);
    if (to) scrollTo(0, 0);
  };
  return html`<a href=${address} onClick=${follow} ...${rest}>${children}</a>`;
}
