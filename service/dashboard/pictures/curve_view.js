/** The curve that a network with one input has learnt, with the dataset's points. */

import { ask } from "../api/client.js";
import { useHeld } from "../api/held.js";
import { useResource } from "../api/resource.js";
import { Axes, ROOM } from "../parts/axes.js";
import { Curl } from "../parts/curl.js";
import { numberColumns, outputsOf, targetsOf } from "../parts/dataset_rows.js";
import { number } from "../parts/format.js";
import { outputNames } from "../parts/labels.js";
import { AtEpoch } from "../parts/not_stored.js";
import { domainOf, linear } from "../parts/scale.js";
import { useWidth } from "../parts/width.js";
import { html, useMemo } from "../vendor/htm-preact.js";
import { COLOURS } from "./marks.js";

const POINTS = 200;
const HEIGHT = 380;

/** @param {any} props */
export function CurveView({ job, chosen, epoch, rows, statistics }) {
  const [column] = /** @type {string[]} */ (numberColumns(job));
  const xs = statistics.domain(column);
  const instances = useMemo(() => [...Array(POINTS).keys()].map((index) => [xs[0] + (index / (POINTS - 1)) * (xs[1] - xs[0])]), [String(xs)]);
  const path = `v1/jobs/${job.id}/epochs/${epoch}:predict`;
  const curve = useHeld(useResource(path, { points: POINTS }, (address, _, signal) => ask({ method: "POST", path: address, body: { instances }, signal })));
  return html`<p>The line is what the network of epoch ${number(chosen.epoch)} answers; the points are ${number(rows.length)} rows of the dataset, in its own units.${" "}<${Curl} request=${{ method: "POST", path, body: { instances: instances.slice(0, 3) } }} of="the first three points of the line" /></p>
    <${AtEpoch} of=${curve} chosen=${chosen} what="the curve">${(/** @type {any} */ answer) =>
      html`<${Curve} job=${job} column=${column} xs=${instances.map(([x]) => x)} outputs=${answer.predictions} rows=${rows} />`
    }</${AtEpoch}>`;
}

/** @param {{job: import("../api/answers.js").Job, column: string, xs: number[], outputs: (number | null)[][], rows: any[]}} props */
function Curve({ job, column, xs, outputs, rows }) {
  const [place, width] = useWidth();
  const count = Math.min(outputsOf(job), COLOURS.length);
  const names = outputNames(job, outputs[0].length) ?? outputs[0].map((_, index) => `output ${index + 1}`);
  const points = rows.flatMap(({ row, values }) =>
    targetsOf(job, values, count).slice(0, count).map((target, index) => ({ row, x: Number(values[column]), y: target, index })),
  );
  const x = linear([xs[0], xs[xs.length - 1]], [ROOM.left, width - ROOM.right]);
  const y = linear(domainOf([...points.map((point) => point.y), ...outputs.flat()], 0.06) ?? [0, 1], [HEIGHT - ROOM.bottom, ROOM.top]);
  const label = `The curve of ${names.slice(0, count).join(", ")} over ${column}: ${number(outputs[0][0])} at ${number(xs[0])}, ${number(outputs[outputs.length - 1][0])} at ${number(xs[xs.length - 1])}.`;
  return html`<div ref=${place} class="fitted-drawing"><svg width=${width} height=${HEIGHT} viewBox=${`0 0 ${width} ${HEIGHT}`} role="img" aria-label=${label}>
    <${Axes} x=${x} y=${y} width=${width} height=${HEIGHT} xLabel=${column} yLabel=${count === 1 ? names[0] : "outputs"} />
    <g class="points pale">${points.filter((point) => point.y !== null).map((point) => html`<circle class=${`mark-${point.index}`} cx=${x.place(point.x)} cy=${y.place(Number(point.y))} r="3.5"><title>row ${point.row}: ${number(point.y)}</title></circle>`)}</g>
    ${[...Array(count).keys()].map((index) => html`<path class=${`fitted line-${index}`} d=${pathOf(xs.map((at, point) => [x.place(at), outputs[point][index] === null ? null : y.place(Number(outputs[point][index]))]))} />`)}
  </svg></div>`;
}

/**
 * Return the path through points; those that are missing are gaps.
 *
 * @param {[number, number | null][] | (number | null)[][]} points
 */
export function pathOf(points) {
  let isDrawing = false;
  return points
    .map(([x, y]) => {
      const command = y === null ? "" : `${isDrawing ? "L" : "M"}${Number(x).toFixed(1)} ${y.toFixed(1)}`;
      isDrawing = y !== null;
      return command;
    })
    .join("");
}
