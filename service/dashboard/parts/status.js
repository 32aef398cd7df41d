/** The status of a job, by a word and a shape, so that nobody needs the colour. */

import { html } from "../vendor/htm-preact.js";
import { Icon } from "./icon.js";

const ICONS = { queued: "clock", running: "play", paused: "pause", succeeded: "check", failed: "cross", cancelled: "stop" };

/**
 * @param {object} props
 * @param {string} props.status
 * @param {string | null} [props.requested] a pause or a cancel that is to be obeyed yet
 */
export function Status({ status, requested }) {
  const icon = ICONS[/** @type {keyof typeof ICONS} */ (status)] ?? "clock";
  return html`<span class=${`status ${status}`}><${Icon} name=${icon} /> ${status}${
    requested && html`<span class="quiet"> (${requested} requested)</span>`
  }</span>`;
}
