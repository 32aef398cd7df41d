/** Shows a resource in each of its conditions: not there yet, refused, there, and there but not up to date. */

import { html } from "../vendor/htm-preact.js";
import { Trouble } from "./trouble.js";

/**
 * @template T
 * @param {object} props
 * @param {import("../api/resource.js").Resource<T>} props.of
 * @param {(data: T) => any} props.children shows the data
 * @param {string} [props.what] what it is, for messages: "the jobs"
 */
export function Shown({ of, children, what }) {
  if (of.data !== null) {
    return html`${of.error && html`<${Trouble} error=${of.error} again=${of.reload} what=${what} />`}${children(of.data)}`;
  }
  if (of.error) return html`<${Trouble} error=${of.error} again=${of.reload} what=${what} />`;
  return html`<p class="waiting" aria-live="polite">Reading ${what ?? "the data"} …</p>`;
}
