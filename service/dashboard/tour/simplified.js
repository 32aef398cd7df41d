/** What the learning views make simpler than it is, of all rooms, and the list that says so. */

import { counted } from "../parts/format.js";
import { html, useState } from "../vendor/htm-preact.js";
import { SIMPLIFICATIONS as OF_CURVES } from "../job/simplifications.js";
import { SIMPLIFICATIONS as OF_NETWORKS } from "../network/simplifications.js";
import { SIMPLIFICATIONS as OF_PICTURES } from "../pictures/simplifications.js";
import { SIMPLIFICATIONS as OF_SHOTS } from "../range/simplifications.js";
import { SIMPLIFICATIONS as OF_THE_TOUR } from "./simplifications.js";
import { SIMPLIFICATIONS as OF_HOMEWORK } from "../homework/simplifications.js";
import { SIMPLIFICATIONS as OF_WEIGHTS } from "../weight/simplifications.js";

/** @typedef {{about: string, text: string}} Simplification  what it is about, and what is simpler there than it is */

/** @type {Simplification[]} */
export const ALL = [...OF_THE_TOUR, ...OF_NETWORKS, ...OF_WEIGHTS, ...OF_HOMEWORK, ...OF_SHOTS, ...OF_PICTURES, ...OF_CURVES];

let numbered = 0;

/** A button that opens the list. */
export function Simplified() {
  const [id] = useState(() => `simplified-${(numbered += 1)}`);
  const about = [...new Set(ALL.map((each) => each.about))];
  return html`<span class="simplified">
    <button type="button" class="plain-button" popovertarget=${id}>What is simplified here</button>
    <div popover="auto" id=${id} class="simplified-list" role="dialog" aria-labelledby=${`${id}-title`}>
      <h2 id=${`${id}-title`}>What these views simplify</h2>
      <p>The numbers are the service's own. To fit on a page, ${counted(ALL.length, "thing")} are shown simpler than they are:</p>
      <dl>${about.map((name) => html`<dt>${name}</dt>${ALL.filter((each) => each.about === name).map(({ text }) => html`<dd>${text}</dd>`)}`)}</dl>
      <button type="button" class="button" popovertarget=${id} popovertargetaction="hide">Close</button>
    </div>
  </span>`;
}
