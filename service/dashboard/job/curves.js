/** The curves of losses, metrics and the learning rate over the epochs. */

import { may } from "../api/session.js";
import { change } from "../parts/address.js";
import { lazily } from "../parts/lazily.js";
import { Panel } from "../parts/panel.js";
import { Trouble } from "../parts/trouble.js";
import { html } from "../vendor/htm-preact.js";
import { CurveControls } from "./curve_controls.js";
import { EmbedCode } from "./embed_code.js";
import { JobChart } from "./job_chart.js";
import { rangeOf, rangeText } from "./range.js";
import { shareShown } from "./curve_rows.js";
import { seriesOf, shownSeries } from "./series.js";
import { MEASURED_WHILE_TRAINING } from "../learning/simplifications.js";
import { useCurves } from "./use_curves.js";
import { WarningList } from "./warning_list.js";
import { warningEpochs } from "./warnings.js";

const Answers = lazily(() => import("./answers.js"), "Answers");

/** @param {import("../parts/job_data.js").PartProps} props */
export function Curves(props) {
  const { job, session, chosen, state } = props;
  return html`<${CurvePanels} ...${props} />
    <p class="quiet measured">${MEASURED_WHILE_TRAINING}</p>
    ${may(session, "predict") && html`<${Answers} ...${props} />`}
    <${WarningList} job=${job} session=${session} chosen=${chosen} />
    <${EmbedCode} state=${state} />`;
}

/**
 * The charts with what controls them; `bare` is without the controls, for a frame in another page.
 *
 * @param {import("../parts/job_data.js").PartProps & {bare?: boolean}} props
 */
export function CurvePanels({ job, latest, chosen, state, bare = false }) {
  const range = rangeOf(state.range);
  const shown = shownSeries(job, state.series);
  const { known, error, reload } = useCurves(`v1/jobs/${job.id}/epochs`, shown.map(({ name }) => name), range, latest?.epoch ?? null);
  const zoom = (/** @type {[number, number] | null} */ wanted) => change({ range: rangeText(wanted, chosen.newest) }, { replace: true });
  const charts = [...new Set(seriesOf(job).map(({ chart }) => chart))].filter((title) => shown.some(({ chart }) => chart === title));
  const common = { chosen, known, range, marks: warningEpochs(job), log: state.scale === "log", onZoom: zoom };
  return html`
    ${!bare && html`<${CurveControls} job=${job} state=${state} chosen=${chosen} range=${range} known=${known} onZoom=${zoom} />`}
    ${error && html`<${Trouble} error=${error} again=${reload} what="the curves" />`}
    ${!known && !error && html`<p class="waiting" aria-live="polite">${latest ? "Reading the curves …" : "The job has no epochs yet."}</p>`}
    ${
      known &&
      html`<div class=${`curves ${charts.length > 1 ? "several" : ""}`}>${charts.map(
        (title) => html`<${Panel} key=${title} title=${title} aside=${shareShown(known)} class="chart-panel">
          <${JobChart} title=${title} series=${shown.filter(({ chart }) => chart === title)} ...${common} />
        </${Panel}>`,
      )}</div>`
    }
  `;
}
