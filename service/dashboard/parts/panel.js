/** A titled part of a view. */

import { html, useState } from "../vendor/htm-preact.js";

let numbered = 0;

/**
 * @param {object} props
 * @param {string} props.title
 * @param {any} [props.aside] stands at the right of the title
 * @param {string} [props.class]
 * @param {any} [props.children]
 */
export function Panel({ title, aside, class: kind = "", children }) {
  const [id] = useState(() => `panel-${(numbered += 1)}`);
  return html`<section class=${`panel ${kind}`} aria-labelledby=${id}>
    <header class="panel-head"><h2 id=${id}>${title}</h2>${aside && html`<div class="panel-aside">${aside}</div>`}</header>
    ${children}
  </section>`;
}

/**
 * The message where there is nothing yet, with what can be done about it.
 *
 * @param {object} props
 * @param {string} props.title
 * @param {any} [props.children]
 */
export function Empty({ title, children }) {
  return html`<div class="empty"><p class="empty-title">${title}</p>${children}</div>`;
}
