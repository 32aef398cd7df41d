/** The weights of the first layer as pictures: what each of its units looks for. */

import { useHeld } from "../api/held.js";
import { useResource } from "../api/resource.js";
import { Curl } from "../parts/curl.js";
import { count, number } from "../parts/format.js";
import { AtEpoch } from "../parts/not_stored.js";
import { Panel } from "../parts/panel.js";
import { html, useMemo } from "../vendor/htm-preact.js";
import { tileOf } from "./images.js";
import { Pixels } from "./pixels.js";
import { ScaleBar } from "./scale_bar.js";

const MOST = 64;
const SIZE = 72;

/** @param {any} props */
export function WeightPictures({ job, chosen, epoch, side }) {
  const isDense = job.network.layers[0].type === "dense";
  const path = `v1/jobs/${job.id}/epochs/${epoch}/parameters`;
  const parameters = useHeld(useResource(isDense ? path : null));
  if (!isDense) return null;
  return html`<${Panel} title="What the first layer looks for" aside=${html`<${Curl} request=${{ method: "GET", path }} of="the parameters of this epoch" />`}>
    <${AtEpoch} of=${parameters} chosen=${chosen} what="the weights">${(/** @type {any} */ answer) => html`<${Tiles} weights=${answer.layers[0].weights} side=${side} />`}</${AtEpoch}>
  </${Panel}>`;
}

/** @param {{weights: number[][], side: number}} props */
function Tiles({ weights, side }) {
  const units = weights[0].length;
  const most = useMemo(() => weights.reduce((found, row) => row.reduce((largest, value) => Math.max(largest, Math.abs(value)), found), 0), [weights]);
  const tiles = useMemo(() => [...Array(Math.min(units, MOST)).keys()].map((unit) => tileOf(weights, unit)), [weights]);
  return html`<p>Each picture is one unit of the first layer${units > MOST ? `; the first ${MOST} of ${count(units)} are shown` : ""}. Ink where the weight is positive raises the unit, ink where it is negative lowers it.</p>
    <${ScaleBar} domain=${/** @type {[number, number]} */ ([-most, most])} label="weight, the same scale in all pictures" />
    <ul class="tiles">${tiles.map((tile, unit) => {
      const strongest = tile.reduce((best, value, index) => (Math.abs(value) > Math.abs(tile[best]) ? index : best), 0);
      const label = `Weights to unit ${unit + 1}: the largest is ${number(tile[strongest], 3)}, at row ${Math.floor(strongest / side) + 1} and column ${(strongest % side) + 1} of the picture`;
      return html`<li key=${unit}><${Pixels} values=${tile} side=${side} domain=${/** @type {[number, number]} */ ([-most, most])} size=${SIZE} signed=${true} label=${label} /><span class="quiet" aria-hidden="true">${unit + 1}</span></li>`;
    })}</ul>`;
}
