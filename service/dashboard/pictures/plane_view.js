/** The map of a network with two inputs: what it answers everywhere, with the dataset's points. */

import { ask } from "../api/client.js";
import { useHeld } from "../api/held.js";
import { useResource } from "../api/resource.js";
import { Curl } from "../parts/curl.js";
import { numberColumns, outputsOf, targetsOf } from "../parts/dataset_rows.js";
import { number, percent } from "../parts/format.js";
import { outputNames } from "../parts/labels.js";
import { AtEpoch } from "../parts/not_stored.js";
import { colour } from "../parts/theme.js";
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { diverging, mix, rgbOf } from "./colours.js";
import { HeatMap, signColours } from "./heat_map.js";
import { ClassLegend, colourOf } from "./marks.js";
import { argmax, bordersOf, classesOf, gridOf, sharesOf } from "./plane.js";
import { ScaleBar } from "./scale_bar.js";

const CELLS = 48;

/** @param {any} props */
export function PlaneView({ job, chosen, epoch, rows, statistics }) {
  const columns = /** @type {string[]} */ (numberColumns(job));
  const [xs, ys] = columns.map((name) => statistics.domain(name));
  const instances = useMemo(() => gridOf(xs, ys, CELLS), [String([xs, ys])]);
  const path = `v1/jobs/${job.id}/epochs/${epoch}:predict`;
  const grid = useHeld(useResource(path, { cells: CELLS }, (address, _, signal) => ask({ method: "POST", path: address, body: { instances }, signal })));
  const request = { method: "POST", path, body: { instances: instances.slice(0, 2) } };
  return html`<p>The map shows what the network of epoch ${number(chosen.epoch)} answers at each place; the points are ${rows.length === 1 ? "a row" : `${number(rows.length)} rows`} of the dataset, in its own units.${" "}<${Curl} request=${request} of="predictions of two places" /></p>
    <${AtEpoch} of=${grid} chosen=${chosen} what="the map">${(/** @type {any} */ answer) =>
      html`<${Plane} job=${job} xs=${xs} ys=${ys} columns=${columns} outputs=${answer.predictions} rows=${rows} statistics=${statistics} />`
    }</${AtEpoch}>`;
}

/** @param {any} props */
function Plane({ job, xs, ys, columns, outputs, rows, statistics }) {
  const count = outputsOf(job);
  const isClasses = job.targets?.kind === "classes";
  const [output, setOutput] = useState(0);
  const names = isClasses ? job.targets.classes.map(String) : outputNames(job, count) ?? [...Array(count).keys()].map((index) => `output ${index + 1}`);
  const picture = useMemo(() => (isClasses ? classPicture(outputs, names) : valuePicture(outputs, output, statistics.target(names[output]), names[output])), [outputs, output]);
  const points = rows.map((/** @type {any} */ { row, values }) => {
    const targets = targetsOf(job, values, count);
    const index = isClasses ? (count === 1 ? Number(targets[0]) : argmax(targets)) : 0;
    const what = isClasses ? names[index] : number(targets[output]);
    const fill = isClasses ? undefined : `rgb(${picture.colourOf(targets[output]).join(" ")})`;
    return { x: values[columns[0]], y: values[columns[1]], index, colour: fill, title: `row ${row}: ${what}` };
  });
  return html`
    ${!isClasses && count > 1 && html`<label>Output <select value=${output} onChange=${(/** @type {{target: HTMLSelectElement}} */ event) => setOutput(Number(event.target.value))}>
      ${names.map((/** @type {string} */ name, /** @type {number} */ index) => html`<option value=${index}>${name}</option>`)}</select></label>`}
    <div class="picture-parts">
      <${HeatMap} xs=${xs} ys=${ys} xLabel=${columns[0]} yLabel=${columns[1]} cells=${CELLS} paint=${picture.paint} painted=${picture}
        borders=${picture.borders} points=${points} label=${`A map over ${columns[0]} from ${number(xs[0])} to ${number(xs[1])} and ${columns[1]} from ${number(ys[0])} to ${number(ys[1])}. ${picture.text}`} />
      <div class="picture-aside">
        ${isClasses && html`<h3>Classes</h3><${ClassLegend} names=${names} note=${names.length > 6 ? "Colours and shapes repeat after six classes." : undefined} />`}
        ${picture.bar && html`<${ScaleBar} domain=${picture.bar.domain} label=${picture.bar.label} />`}
        <p class="quiet">${picture.text}</p>
      </div>
    </div>`;
}

/**
 * Return how classes are drawn: their regions, paler where the network is less sure.
 *
 * @param {(number | null)[][]} outputs
 * @param {string[]} names
 */
function classPicture(outputs, names) {
  const classes = classesOf(outputs);
  const isSingle = outputs[0].length === 1;
  const shares = sharesOf(classes, names.length);
  const paint = () => {
    const neutral = rgbOf(colour("--page"));
    const regions = names.map((_, index) => rgbOf(colour(colourOf(index))));
    return outputs.map((each, index) => {
      if (classes[index] < 0) return neutral;
      const sure = isSingle ? 2 * Math.abs(Number(each[0]) - 0.5) : certainty(each);
      return mix(neutral, regions[classes[index]], 0.12 + 0.48 * Math.min(Math.max(sure, 0), 1));
    });
  };
  return {
    paint,
    borders: bordersOf(outputs, CELLS),
    text: `${names.slice(0, 8).map((name, index) => `${name}: ${percent(shares[index])} of the map`).join(", ")}. The paler, the less sure.`,
    bar: null,
    colourOf: () => [0, 0, 0],
  };
}

/**
 * Return how values are drawn: by a scale that ends at the dataset's targets.
 *
 * @param {(number | null)[][]} outputs
 * @param {number} output
 * @param {[number, number]} domain
 * @param {string} name
 */
function valuePicture(outputs, output, domain, name) {
  const ofTheme = () => {
    const { negative, neutral, positive } = signColours();
    return { negative: rgbOf(negative), neutral: rgbOf(neutral), positive: rgbOf(positive) };
  };
  const colours = ofTheme();
  return {
    paint: () => {
      const now = ofTheme();
      return outputs.map((each) => diverging(each[output], domain, now));
    },
    borders: /** @type {[number, number, number, number][]} */ ([]),
    text: "Points have the colour of their own target: a point that vanishes in the map is predicted well.",
    bar: { domain, label: name },
    colourOf: (/** @type {number | null} */ value) => diverging(value, domain, colours),
  };
}

/** @param {(number | null)[]} outputs the largest minus the second largest */
function certainty(outputs) {
  const sorted = outputs.map((value) => value ?? 0).sort((a, b) => b - a);
  return sorted[0] - (sorted[1] ?? 0);
}
