/** The first lines of a CSV as a table, with a choice of role and kind above each column. */

import { count, shortened } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { html } from "../vendor/htm-preact.js";
import { roleOf, withRole } from "./upload_options.js";

const MOST_COLUMNS = 40;
const ROLES = [["", "input"], ["target", "target"], ["drop", "left out"], ["weight", "weight"]];
const KINDS = [["", "as found"], ["number", "number"], ["category", "category"], ["date", "date"]];

/**
 * @param {object} props
 * @param {{names: string[], rows: string[][], isHeader: boolean}} props.table
 * @param {import("./upload_options.js").Options} props.options
 * @param {(changes: Partial<import("./upload_options.js").Options>) => void} props.onChange
 */
export function PreviewTable({ table, options, onChange }) {
  const names = table.names.slice(0, MOST_COLUMNS);
  const isTargetChosen = options.target.length > 0;
  const last = table.names.findLast((name) => roleOf(options, name) === "");
  const roles = (/** @type {string} */ name) => (!isTargetChosen && name === last ? [["", "target (as it is last)"], ...ROLES.slice(1)] : ROLES);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="First lines of the file"><table class="preview">
    <thead>
      <tr><th scope="row">Column</th>${names.map((name) => html`<th scope="col"><${Name} of=${name} most=${24} /></th>`)}</tr>
      <tr><th scope="row">Role</th>${names.map((name) => html`<td><${Select}
        label=${`Role of ${shortened(name)}`} value=${roleOf(options, name)} choices=${roles(name)}
        onChange=${(/** @type {string} */ role) => onChange(withRole(options, name, role))} /></td>`)}</tr>
      <tr><th scope="row">Kind</th>${names.map((name) => html`<td><${Select}
        label=${`Kind of ${shortened(name)}`} value=${options.types[name] ?? ""} choices=${KINDS}
        onChange=${(/** @type {string} */ kind) => onChange({ types: { ...options.types, [name]: kind } })} /></td>`)}</tr>
    </thead>
    <tbody>${table.rows.map(
      (cells, index) => html`<tr><th scope="row" class="number">${index + 1}</th>
        ${names.map((name, at) => html`<td class=${roleOf(options, name) === "drop" ? "dropped" : ""}><${Name} of=${cells[at] ?? ""} most=${24} /></td>`)}</tr>`,
    )}</tbody>
  </table></div>
  ${table.names.length > MOST_COLUMNS && html`<p class="quiet">The first ${MOST_COLUMNS} of ${count(table.names.length)} columns.</p>`}`;
}

/** @param {{label: string, value: string, choices: string[][], onChange: (value: string) => void}} props */
function Select({ label, value, choices, onChange }) {
  return html`<select aria-label=${label} onChange=${(/** @type {{target: HTMLSelectElement}} */ event) => onChange(event.target.value)}>
    ${choices.map(([each, text]) => html`<option value=${each} selected=${each === value}>${text}</option>`)}
  </select>`;
}
