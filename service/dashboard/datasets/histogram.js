/** Small drawings of what a column holds: a histogram of numbers, bars of categories. */

import { count, counted, number, percent, shortened } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { html } from "../vendor/htm-preact.js";
import { barsOf, describedHistogram, listedCategories } from "./histogram_shape.js";

const WIDTH = 144;
const HEIGHT = 40;

/**
 * @param {object} props
 * @param {string} props.name
 * @param {import("./histogram_shape.js").Histogram} props.histogram
 * @param {(value: number) => string} [props.written] how a value of the column is written
 */
export function NumberHistogram({ name, histogram, written = number }) {
  const bars = barsOf(histogram.counts, WIDTH, HEIGHT);
  return html`<svg class="histogram" width=${WIDTH} height=${HEIGHT + 1} viewBox=${`0 0 ${WIDTH} ${HEIGHT + 1}`} role="img"
      aria-label=${describedHistogram(shortened(name, 80), histogram, written)}>
    ${bars.map((bar) => html`<rect x=${bar.x.toFixed(2)} y=${bar.y.toFixed(2)} width=${bar.width.toFixed(2)} height=${bar.height.toFixed(2)} />`)}
    <path d=${`M0 ${HEIGHT + 0.5}H${WIDTH}`} />
  </svg>`;
}

/** @param {{column: any, most: number}} props */
export function CategoryBars({ column, most }) {
  const { listed, left, leftCount } = listedCategories(column.histogram, column.distinct, most);
  return html`<ul class="category-bars">
    ${listed.map(
      ({ category, count: times, share }) => html`<li>
        <span class="category-name"><${Name} of=${category === "" ? "(empty)" : category} most=${28} /></span>
        <svg class="share-bar" width="100%" height="10" aria-hidden="true"><rect width=${`${Math.max(share * 100, 0.5)}%`} height="10" /></svg>
        <span class="number">${count(times)}</span> <span class="quiet number">${percent(share)}</span>
      </li>`,
    )}
    ${left > 0 && html`<li class="quiet">and ${counted(left, "other category", "other categories")} in ${counted(leftCount, "row")}</li>`}
  </ul>`;
}
