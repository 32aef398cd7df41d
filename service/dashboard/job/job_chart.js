/** One chart of a job: some series over the epochs, and what cannot be drawn of them. */

import { Chart } from "../parts/chart.js";
import { html, useMemo } from "../vendor/htm-preact.js";
import { notes } from "./curve_notes.js";
import { LEARNING_RATE, valueOf } from "./series.js";

/**
 * @param {object} props
 * @param {string} props.title
 * @param {import("./series.js").NamedSeries[]} props.series
 * @param {import("./curve_rows.js").Known} props.known
 * @param {import("../parts/chosen_epoch.js").ChosenEpoch} props.chosen
 * @param {import("./range.js").Range | null} props.range
 * @param {number[]} props.marks
 * @param {boolean} props.log
 * @param {(range: [number, number] | null) => void} props.onZoom
 */
export function JobChart({ title, series, known, chosen, range, marks, log, onZoom }) {
  const { records } = known;
  const isLog = log && series.some(({ name }) => name.endsWith("_loss"));
  const names = series.map(({ name }) => name).join();
  const drawn = useMemo(
    () => ({
      x: records.map((record) => record.epoch),
      series: series.map(({ name, label, colour, dash }) => ({ label, colour, dash, values: records.map((record) => valueOf(record, name)) })),
    }),
    [records, names],
  );
  const said = notes(records, series, isLog);
  const nothing = drawn.series.every(({ values }) => values.every((value) => value === null || (isLog && value <= 0)));
  return html`
    ${
      nothing
        ? html`<p class="empty">There is no value to draw here.</p>`
        : html`<${Chart}
            label=${`${title} by epoch`}
            x=${drawn.x}
            series=${drawn.series}
            xLabel="epoch"
            yLabel=${isLog ? `${title.toLowerCase()} (log)` : title.toLowerCase()}
            log=${isLog}
            height=${series[0].name === LEARNING_RATE ? 200 : 280}
            marker=${chosen.epoch}
            marks=${marks}
            xRange=${range}
            sync="curves"
            onChoose=${(/** @type {number} */ epoch) => chosen.choose(Math.min(epoch, chosen.newest))}
            onZoom=${onZoom}
          />`
    }
    ${said.length > 0 && html`<ul class="notes">${said.map((note) => html`<li>${note}</li>`)}</ul>`}
  `;
}
