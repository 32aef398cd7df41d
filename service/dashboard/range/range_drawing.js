/** The drawing of the firing range: the target's line, fading shots, and the error of the last one. */

import { Axes, ROOM } from "../parts/axes.js";
import { count, number } from "../parts/format.js";
import { linear } from "../parts/scale.js";
import { signed } from "../parts/signed.js";
import { useWidth } from "../parts/width.js";
import { html } from "../vendor/htm-preact.js";
import { fading, labelPlaces, valuesDomain } from "./shots.js";

const HEIGHT = 360;
const FOR_LABEL = 96; // pixels at the right of the last shot, for the error's label

/**
 * @param {object} props
 * @param {{epoch: number, value: number}[]} props.shots by epoch, ascending
 * @param {number | null} props.target
 * @param {number} props.chosen
 * @param {number} props.newest
 * @param {string} props.label of the values
 * @param {boolean} props.isProbability
 */
export function RangeDrawing({ shots, target, chosen, newest, label, isProbability }) {
  const [place, width] = useWidth();
  const last = shots[shots.length - 1] ?? null;
  const y = linear(valuesDomain([target, ...shots.map(({ value }) => value)], isProbability), [HEIGHT - ROOM.bottom, ROOM.top]);
  const x = linear([0, Math.max(newest, 10)], [ROOM.left + 8, width - ROOM.right - FOR_LABEL]);
  const error = last && target !== null ? last.value - target : null;
  const text = last
    ? `${count(shots.length)} shots up to epoch ${count(chosen)}. The last, of epoch ${count(last.epoch)}, lands at ${number(last.value)}${error === null ? "." : `; the target is ${number(target)}, the error ${signed(error)}.`}`
    : "There is no shot yet.";
  return html`<div class="range-drawing" ref=${place}><svg width=${width} height=${HEIGHT} viewBox=${`0 0 ${width} ${HEIGHT}`} role="img" aria-label=${text}>
    <${Axes} x=${x} y=${y} width=${width} height=${HEIGHT} xLabel="epoch" yLabel=${label} />
    ${
      target !== null &&
      html`<line class="target-line" x1=${ROOM.left} x2=${width - ROOM.right} y1=${y.place(target)} y2=${y.place(target)} />
      <text class="target-name" x=${width - ROOM.right} y=${labelPlaces(y.place(target), y.place(last?.value ?? target), ROOM.top).target} text-anchor="end">target ${number(target)}</text>`
    }
    ${shots.slice(0, -1).map((shot, index) => html`<circle key=${shot.epoch} class="shot" cx=${x.place(shot.epoch)} cy=${y.place(shot.value)} r="4.5" opacity=${fading(index, shots.length)}>
      <title>epoch ${count(shot.epoch)}: ${number(shot.value, 6)}</title></circle>`)}
    ${last && error !== null && html`<${ErrorBracket} at=${x.place(last.epoch)} from=${y.place(/** @type {number} */ (target))} to=${y.place(last.value)} error=${error} />`}
    ${last && html`<circle class="shot last" cx=${x.place(last.epoch)} cy=${y.place(last.value)} r="7"><title>epoch ${count(last.epoch)}: ${number(last.value, 6)}</title></circle>`}
  </svg></div>`;
}

/** @param {{at: number, from: number, to: number, error: number}} props */
function ErrorBracket({ at, from, to, error }) {
  const [word, figure] = labelPlaces(from, to, ROOM.top).error;
  return html`<g class="error-bracket">
    <line x1=${at} x2=${at} y1=${from} y2=${to} />
    <text x=${at + 13} y=${word}>error</text><text class="error-number" x=${at + 13} y=${figure}>${signed(error, 4)}</text>
  </g>`;
}
