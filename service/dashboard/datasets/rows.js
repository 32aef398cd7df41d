/** The rows of a dataset as they were read, some rows and some columns at a time. */

import { useResource } from "../api/resource.js";
import { count, number } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Steps } from "../parts/pages.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html, useState } from "../vendor/htm-preact.js";

const ROWS = 10;
const COLUMNS = 12;

/** @param {{path: string, rows: number}} props */
export function Rows({ path, rows }) {
  const [row, setRow] = useState(0);
  const [column, setColumn] = useState(0);
  const query = { limit: ROWS, columns: COLUMNS + 1, after: row ? row - 1 : null, columns_after: column ? column - 1 : null };
  const resource = useResource(`${path}/rows`, query);
  return html`<${Panel} title="Rows" class="rows-panel" aside="as they were read; rows are counted from 0">
    <${Shown} of=${resource} what="the rows">${(/** @type {any} */ list) => {
      const names = Object.keys(list.data[0]?.values ?? {});
      const isNumber = (/** @type {string} */ name) => list.data.some((/** @type {any} */ each) => typeof each.values[name] === "number");
      const [shown, isMore] = [names.slice(0, COLUMNS), names.length > COLUMNS];
      return html`<div class="scroll" tabindex="0" role="region" aria-label="Table of rows"><table>
          <thead><tr><th scope="col" class="number">Row</th>${shown.map((name) => html`<th scope="col" class=${isNumber(name) ? "number" : ""}><${Name} of=${name} most=${24} /></th>`)}</tr></thead>
          <tbody>${list.data.map(
            (/** @type {any} */ each) => html`<tr key=${each.row}><th scope="row" class="number">${count(each.row)}</th>
              ${shown.map((name) => html`<${Cell} value=${each.values[name]} isNumber=${isNumber(name)} />`)}</tr>`,
          )}</tbody>
        </table></div>
        <div class="row-steps">
          ${(row > 0 || list.has_more) && html`<${Steps}
            label="Pages of rows"
            shown=${`Rows ${count(row)} to ${count(row + list.data.length - 1)} of ${count(rows)}`}
            onBack=${row > 0 ? () => setRow(Math.max(row - ROWS, 0)) : null}
            onNext=${list.has_more ? () => setRow(row + ROWS) : null}
          />`}
          ${(column > 0 || isMore) && html`<${Steps}
            label="Pages of the rows’ columns"
            shown=${`Columns ${count(column + 1)} to ${count(column + shown.length)}`}
            onBack=${column > 0 ? () => setColumn(Math.max(column - COLUMNS, 0)) : null}
            onNext=${isMore ? () => setColumn(column + COLUMNS) : null}
          />`}
        </div>`;
    }}</${Shown}>
  </${Panel}>`;
}

/** @param {{value: number | string | null, isNumber: boolean}} props */
function Cell({ value, isNumber }) {
  if (value === null) return html`<td class=${`quiet ${isNumber ? "number" : ""}`}><i>missing</i></td>`;
  if (typeof value === "string") return html`<td><${Name} of=${value} most=${40} /></td>`;
  return html`<td class="number" title=${String(value)}>${number(value, 6)}</td>`;
}
