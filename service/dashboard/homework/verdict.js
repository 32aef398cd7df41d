/** What a check has found: that all is right, or where the error began, with its equation and what was expected. */

import { counted, number } from "../parts/format.js";
import { Icon } from "../parts/icon.js";
import { html } from "../vendor/htm-preact.js";

const DIGITS = 6;

/** @param {{claim: any, names: Record<string, string>, focus: (pointer: string) => void, total: string}} props */
export function Verdict({ claim, names, focus, total }) {
  const { first_wrong: first, checked, wrong, following } = claim;
  if (!first) {
    return html`<div class="verdict right"><p><strong><${Icon} name="check" /> ${checked === 1 ? "Right." : `All ${number(checked)} are right.`}</strong> The worksheet has ${total}.</p></div>`;
  }
  return html`<div class="verdict">
    <h3>${first.follows ? "Rounding has added up at" : "The error began at"} number ${names[first.pointer] ?? first.of}</h3>
    <p>You wrote <strong data-claimed=${first.claimed}>${number(first.claimed, DIGITS)}</strong>; expected is
      <strong data-expected=${first.expected}> ${first.expected === null ? "not finite" : number(first.expected, DIGITS)}</strong>.</p>
    ${first.follows
      ? html`<p class="note">This is no mistake in the method: your number follows from those that you wrote before it. They are right to 3 digits, but what was rounded off adds up. Write them with more digits.</p>`
      : first.hint && html`<p class="note">Hint: ${first.hint}</p>`}
    <dl class="workings">
      ${[...first.steps, first].map((/** @type {any} */ each) => html`<dt>${each.of} ${each.equation && html`<span class="quiet">(${each.equation})</span>`}</dt>
        <dd><code>${each.formula}</code> = ${number(each.value ?? first.expected, DIGITS)}</dd>`)}
    </dl>
    <p class="quiet">${counted(wrong, "number")} of ${number(checked)} ${wrong === 1 ? "is" : "are"} ${first.follows ? "off" : "wrong"}${following > 0 && !first.follows ? `; ${number(following)} of them ${following === 1 ? "follows" : "follow"} correctly from a wrong number before` : ""}.</p>
    ${first.pointer in names && html`<button type="button" class="button" onClick=${() => focus(first.pointer)}>Go to this number</button>`}
  </div>`;
}
