/** A line on which a shot before, a shot after, and the target lie; the distances are the errors. */

import { number } from "../parts/format.js";
import { domainOf, linear, ticks } from "../parts/scale.js";
import { useWidth } from "../parts/width.js";
import { html } from "../vendor/htm-preact.js";

const HEIGHT = 78;

/** @param {{label: string, target: number | null, before: number | null, after: number | null, beforeName?: string, afterName?: string}} props */
export function ShotLine({ label, target, before, after, beforeName = "twin", afterName = "trained" }) {
  const [place, width] = useWidth(0);
  const range = lineRange([target, before, after]);
  const at = range && linear(range, [34, width - 34]).place;
  const summary = `${label}: target ${number(target)}${before === null ? "" : `, ${beforeName} ${number(before)}`}, ${afterName} ${number(after)}.`;
  return html`<div class="shot-line" ref=${place}>${width > 0 && range && at && html`<svg width=${width} height=${HEIGHT} role="img" aria-label=${summary}>
    <line class="axis" x1="20" x2=${width - 20} y1="40" y2="40" />
    ${ticks(range, 8).map((tick) => html`<line class="tick" x1=${at(tick)} x2=${at(tick)} y1="40" y2="45" /><text x=${at(tick)} y="63" text-anchor="middle">${number(tick, 3)}</text>`)}
    ${target !== null && after !== null && html`<line class="miss" x1=${at(target)} x2=${at(after)} y1="40" y2="40" />`}
    ${target !== null && html`<g class="target"><line x1=${at(target)} x2=${at(target)} y1="22" y2="46" /><text x=${at(target)} y="14" text-anchor="middle">target</text></g>`}
    ${before !== null && html`<circle class="before" cx=${at(before)} cy="40" r="6" />`}
    ${after !== null && html`<circle class="after-shot" cx=${at(after)} cy="40" r="6" />`}
  </svg>`}
  <ul class="legend">${before !== null && html`<li><span class="key before-key"></span>${beforeName} ${number(before)}</li>`}<li><span class="key after-shot-key"></span>${afterName} ${number(after)}</li></ul></div>`;
}

/**
 * Return the range of a line for some numbers: from 0 to 1 where all are within it, else around them.
 *
 * @param {(number | null)[]} values
 */
export function lineRange(values) {
  const isWithin = values.every((each) => each === null || (each >= 0 && each <= 1));
  return isWithin ? /** @type {[number, number]} */ ([0, 1]) : domainOf(values, 0.1);
}
