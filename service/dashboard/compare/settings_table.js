/** The compared jobs in a table, with the lines of the chart, how far they came, and the settings in which they differ. */

import { useFirst } from "../parts/first.js";
import { Link } from "../parts/link.js";
import { Panel } from "../parts/panel.js";
import { Status } from "../parts/status.js";
import { count, number, shortened } from "../parts/format.js";
import { html, useMemo } from "../vendor/htm-preact.js";
import { lineStyle } from "./curves.js";
import { differing, settingText } from "./settings.js";

/** @typedef {import("./compared.js").Compared} Compared */

const SETTINGS_AT_ONCE = 40;

/** @param {{found: Compared[], drawn: number, ids: string[]}} props */
export function SettingsTable({ found, drawn, ids }) {
  const present = found.map((each, index) => ({ ...each, index })).filter(({ job }) => job !== null);
  const [settings, more] = useFirst(useMemo(() => differing(found.flatMap(({ job }) => job ?? [])), [found]), SETTINGS_AT_ONCE, "settings that differ");
  const title = present.length < 2 ? "Settings" : settings.length ? "Settings that differ" : "All settings are the same";
  return html`<${Panel} title=${title}>
    <div class="scroll" tabindex="0" role="region" aria-label=${title}><table class="compared">
      <thead><tr>
        <th scope="col">Job</th><th scope="col">Status</th>
        <th scope="col" class="number">Epochs</th><th scope="col" class="number">Last loss</th>
        ${settings.map(({ name, path }) => html`<th scope="col" title=${path}>${shortened(name, 48)}</th>`)}
        <th scope="col"><span class="visually-hidden">Leave out</span></th>
      </tr></thead>
      <tbody>${present.map(({ id, job, index }, place) => html`<tr key=${id}>
        <th scope="row"><${Line} index=${index} isDrawn=${index < drawn} />
          <${Link} to=${{ job: id }} title=${job.model?.name ?? id}>${shortened(job.model?.name ?? id, 32)}</${Link}>
          <span class="quiet second id">${id}</span></th>
        <td><${Status} status=${job.status} requested=${job.requested} /></td>
        <td class="number">${count(job.progress.epoch)}</td>
        <td class="number">${lastLoss(job)}</td>
        ${settings.map(({ values }) => html`<td title=${settingText(values[place])}>${shortened(settingText(values[place]), 48)}</td>`)}
        <td>${ids.length > 1 && html`<${Link} within=${{ compare: ids.filter((each) => each !== id).join(",") }} aria-label=${`Leave ${id} out`}>Leave out</${Link}>`}</td>
      </tr>`)}</tbody>
    </table></div>
    ${more}
  </${Panel}>`;
}

/** @param {import("../api/answers.js").Job} job */
function lastLoss({ latest }) {
  if (!latest) return "–";
  const value = latest.validation_loss ?? latest.training_loss;
  return value === null ? "not finite" : number(value);
}

/** @param {{index: number, isDrawn: boolean}} props the line of the chart, in small */
function Line({ index, isDrawn }) {
  if (!isDrawn) return html`<span class="quiet line-sample">not drawn</span>`;
  const { colour, dash } = lineStyle(index);
  return html`<svg class="line-sample" width="44" height="10" viewBox="0 0 44 10" aria-hidden="true" focusable="false">
    <path d="M1 5H43" stroke=${`var(${colour})`} stroke-dasharray=${dash.join(" ")} />
  </svg>`;
}
