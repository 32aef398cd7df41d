/** What the network of the chosen epoch answers for each row of a small dataset, and whether that is right. */

import { useHeld } from "../api/held.js";
import { useResource } from "../api/resource.js";
import { NearestEpoch, requestAt, useAtEpoch } from "../parts/at_epoch.js";
import { Curl } from "../parts/curl.js";
import { inputColumns, instanceOf, useRows } from "../parts/dataset_rows.js";
import { count, number, shortened } from "../parts/format.js";
import { Icon } from "../parts/icon.js";
import { Panel } from "../parts/panel.js";
import { datasetPath } from "../parts/row_choice.js";
import { Shown } from "../parts/resource_view.js";
import { useSettled } from "../parts/settled.js";
import { html } from "../vendor/htm-preact.js";
import { answerRows, hasAnswers, MOST_ROWS, targetColumns } from "./answer_rows.js";

/** @param {import("../parts/job_data.js").PartProps} props */
export function Answers({ job, chosen, latest }) {
  const dataset = useResource(hasAnswers(job) && latest !== null ? datasetPath(job) : null, { fields: "rows" });
  const rows = dataset.data?.rows ?? null;
  if (rows === null || rows > MOST_ROWS) return null;
  return html`<${OfRows} job=${job} chosen=${chosen} />`;
}

/** @param {{job: import("../api/answers.js").Job, chosen: import("../parts/chosen_epoch.js").ChosenEpoch}} props */
function OfRows({ job, chosen }) {
  const epoch = useSettled(chosen.epoch);
  const rows = useHeld(useRows(job, 0, MOST_ROWS));
  const found = rows.data?.data ?? null;
  const body = { instances: (found ?? []).map(({ values }) => instanceOf(job, values)) };
  const answer = useAtEpoch(job.id, found ? epoch : null, ":predict", {}, body);
  const aside = found && html`<${Curl} request=${requestAt(job.id, epoch, ":predict", {}, body)} of="The answers for these rows" />`;
  return html`<${Panel} title=${`What the network answers at epoch ${count(answer.data?.epoch ?? epoch)}`} class="answers" aside=${aside}>
    <${Shown} of=${rows} what="the rows">${(/** @type {any} */ { data }) =>
      html`<${Shown} of=${answer} what="the answers">${(/** @type {any} */ given) =>
        html`<${NearestEpoch} shown=${given.epoch} wanted=${epoch} />
        <${Table} job=${job} rows=${answerRows(job, data, given)} />`}</${Shown}>`
    }</${Shown}>
  </${Panel}>`;
}

/** @param {{job: import("../api/answers.js").Job, rows: import("./answer_rows.js").AnswerRow[]}} props */
function Table({ job, rows }) {
  const isJudged = rows.some((row) => row.isRight !== null);
  const right = rows.filter((row) => row.isRight).length;
  const head = (/** @type {string} */ name) => html`<th scope="col" class="number" title=${name}>${shortened(name, 20)}</th>`;
  const values = (/** @type {(number | string | null)[]} */ list) =>
    list.map((value) => html`<td class="number">${typeof value === "string" ? shortened(value, 20) : number(value)}</td>`);
  const answers = rows[0]?.answers.map((_, index, all) => (all.length === 1 ? "answer" : `output ${index + 1}`)) ?? [];
  return html`${isJudged && html`<p><strong>${`${count(right)} of ${count(rows.length)} right.`}</strong>${" "}
      <span class="quiet">An answer counts as ${answers.length === 1 ? "the class that it is nearest to" : "the class of its largest output"}.</span></p>`}
    <div class="scroll" tabindex="0" role="region" aria-label="Answers for each row"><table>
      <thead><tr>${[...(inputColumns(job) ?? []).map(({ name }) => name), ...targetColumns(job), ...answers].map(head)}
        ${isJudged && html`<th scope="col" class="number">counts as</th><th scope="col">right?</th>`}</tr></thead>
      <tbody>${rows.map((row, index) => html`<tr key=${index}>${values(row.inputs)}${values(row.targets)}${values(row.answers)}
        ${isJudged && html`<td class="number">${shortened(String(row.label), 20)}</td>
          <td class=${row.isRight ? "right" : "wrong"}><${Icon} name=${row.isRight ? "check" : "cross"} /> ${row.isRight ? "right" : "wrong"}</td>`}</tr>`)}</tbody>
    </table></div>`;
}
