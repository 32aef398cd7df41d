/** The button that opens the list of what the learning views simplify. */

import { counted } from "../parts/format.js";
import { html, useState } from "../vendor/htm-preact.js";
import { SIMPLIFICATIONS } from "./simplifications.js";

let numbered = 0;

/** A button that opens the list. */
export function Simplified() {
  const [id] = useState(() => `simplified-${(numbered += 1)}`);
  const about = [...new Set(SIMPLIFICATIONS.map((each) => each.about))];
  return html`<span class="simplified">
    <button type="button" class="plain-button" popovertarget=${id}>What is simplified here</button>
    <div popover="auto" id=${id} class="simplified-list" role="dialog" aria-labelledby=${`${id}-title`}>
      <h2 id=${`${id}-title`}>What these views simplify</h2>
      <p>The numbers are the service's own. To fit on a page, ${counted(SIMPLIFICATIONS.length, "thing")} are shown simpler than they are:</p>
      <dl>${about.map((name) => html`<dt>${name}</dt>${SIMPLIFICATIONS.filter((each) => each.about === name).map(({ text }) => html`<dd>${text}</dd>`)}`)}</dl>
      <button type="button" class="button" popovertarget=${id} popovertargetaction="hide">Close</button>
    </div>
  </span>`;
}
