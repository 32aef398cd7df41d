/** The columns of a dataset: role, kind and statistics of each, with a small histogram; paged and searched by the server. */

import { useResource } from "../api/resource.js";
import { count, number, percent } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Steps } from "../parts/pages.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { useSettled } from "../parts/settled.js";
import { html, useState } from "../vendor/htm-preact.js";
import { CategoryBars, NumberHistogram } from "./histogram.js";
import { dateOf } from "./histogram_shape.js";

const LIMIT = 20;
const CATEGORIES = 8;

/**
 * @param {object} props
 * @param {string} props.path of the dataset
 * @param {string[]} props.dates columns whose numbers are days
 * @param {string[]} props.codes columns of numbers that were read as text
 */
export function Columns({ path, dates, codes }) {
  const [search, setSearch] = useState("");
  const [starts, setStarts] = useState(/** @type {(number | null)[]} */ ([null])); // where each page so far begins
  const wanted = useSettled(search.trim(), 250);
  const after = starts[starts.length - 1];
  const columns = useResource(`${path}/columns`, { limit: LIMIT, categories: CATEGORIES, after, search: wanted });
  const typed = (/** @type {{target: HTMLInputElement}} */ event) => {
    setSearch(event.target.value);
    setStarts([null]);
  };
  const isPaged = (/** @type {any} */ list) => list.has_more || starts.length > 1 || search !== "";
  const aside = html`<label class="search">Find a column <input type="search" maxlength="200" value=${search} onInput=${typed} /></label>`;
  return html`<${Panel} title="Columns" aside=${aside}>
    <${Shown} of=${columns} what="the columns">${(/** @type {any} */ list) => html`
      ${list.data.length === 0 && html`<p class="quiet">No column’s name holds “${search}”.</p>`}
      ${list.data.length > 0 && html`<${ColumnTable} columns=${list.data} dates=${new Set(dates)} codes=${new Set(codes)} />`}
      ${isPaged(list) && list.data.length > 0 && html`<${Steps}
        label="Pages of columns"
        shown=${`Columns ${count(list.first_id + 1)} to ${count(list.last_id + 1)}`}
        onBack=${starts.length > 1 ? () => setStarts(starts.slice(0, -1)) : null}
        onNext=${list.has_more ? () => setStarts([...starts, list.last_id]) : null}
      />`}`}</${Shown}>
  </${Panel}>`;
}

/** @param {{columns: any[], dates: Set<string>, codes: Set<string>}} props */
function ColumnTable({ columns, dates, codes }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table of columns"><table class="column-table">
    <thead><tr>
      <th scope="col">Column</th><th scope="col">Role</th><th scope="col">Kind</th><th scope="col" class="number">Missing</th>
      <th scope="col">Distribution</th><th scope="col" class="number">Minimum</th><th scope="col" class="number">Mean</th><th scope="col" class="number">Maximum</th>
    </tr></thead>
    <tbody>${columns.map(
      (column) => html`<${ColumnRow} key=${column.index} column=${column} isDate=${dates.has(column.name)} isCode=${codes.has(column.name)} />`,
    )}</tbody>
  </table></div>`;
}

/** @param {{column: any, isDate: boolean, isCode: boolean}} props */
function ColumnRow({ column, isDate, isCode }) {
  const { name, role, type, minimum, mean, maximum, missing, histogram } = column;
  const isNumber = type === "number";
  const written = (/** @type {number | null} */ value) => (value === null ? "not finite" : isDate ? dateOf(value) : number(value));
  const kind = isDate ? "date" : isCode ? "category (codes)" : type;
  return html`<tr>
    <th scope="row"><${Name} of=${name} most=${32} /></th>
    <td><span class=${`role role-${role}`}>${role}</span></td>
    <td>${kind}</td>
    <td class="number">${missing === 0 ? html`<span class="quiet">0</span>` : html`${count(missing)} <span class="quiet">${shareOf(missing, histogram)}</span>`}</td>
    ${
      isNumber
        ? html`<td><${NumberHistogram} name=${name} histogram=${histogram} written=${written} /></td>
            <td class="number">${written(minimum)}</td><td class="number">${written(mean)}</td><td class="number">${written(maximum)}</td>`
        : html`<td colspan="4"><${CategoryBars} column=${column} most=${CATEGORIES} /></td>`
    }
  </tr>`;
}

/**
 * Return which share of the rows that were counted a value is missing in.
 *
 * @param {number} missing
 * @param {{rows: number, missing: number}} histogram
 */
function shareOf(missing, histogram) {
  return histogram.missing === missing && histogram.rows ? `(${percent(missing / histogram.rows)})` : "";
}
