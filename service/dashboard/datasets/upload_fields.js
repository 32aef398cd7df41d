/** The fields of the form that sends a file: how it is to be read. */

import { html } from "../vendor/htm-preact.js";

const AUTO = ["", "found by the service"];
const DELIMITERS = [AUTO, ["comma", "comma ,"], ["semicolon", "semicolon ;"], ["tab", "tab"], ["pipe", "pipe |"], ["space", "space"]];
const DECIMALS = [AUTO, [".", "point: 3.14"], [",", "comma: 3,14"]];
const THOUSANDS = [AUTO, ["none", "not separated"], [",", "comma: 1,000"], [".", "point: 1.000"], ["'", "apostrophe: 1'000"], ["_", "underscore: 1_000"], ["space", "space: 1 000"]];
const HEADERS = [AUTO, ["true", "names of the columns"], ["false", "data"]];
const ENCODINGS = [AUTO, ["utf-8", "UTF-8"], ["latin-1", "Latin-1"], ["windows-1252", "Windows-1252"], ["utf-16-le", "UTF-16, little-endian"], ["utf-16-be", "UTF-16, big-endian"]];
const TARGET_TYPES = [["", "decided by each job"], ["class", "classes"], ["value", "values"]];

/**
 * @typedef {object} FieldsProps
 * @property {import("./upload_options.js").Options} options
 * @property {(changes: Partial<import("./upload_options.js").Options>) => void} onChange
 * @property {Record<string, string>} faults what the service said of an option, by its name
 */

/** @param {FieldsProps} props how the text of a CSV is read */
export function ReadingFields(props) {
  return html`<fieldset class="upload-fields"><legend>How the text is read</legend>
    <${Choice} ...${props} name="delimiter" label="Cells are separated by" choices=${DELIMITERS} />
    <${Choice} ...${props} name="header" label="The first line holds" choices=${HEADERS} />
    <${Choice} ...${props} name="decimal" label="Decimal separator" choices=${DECIMALS} />
    <${Choice} ...${props} name="thousands" label="Thousands" choices=${THOUSANDS} />
    <${Choice} ...${props} name="encoding" label="Encoding" choices=${ENCODINGS} />
    <${Text} ...${props} name="missing" label="Further words for missing values" placeholder="-999, unknown" />
  </fieldset>`;
}

/** @param {FieldsProps} props what the columns are, for files whose columns the page does not see */
export function ColumnFields(props) {
  return html`<fieldset class="upload-fields"><legend>Columns</legend>
    <${Lines} ...${props} name="target" label="Targets, one name a line" hint="The last column, unless you say otherwise; none for rows to predict on." />
    <${Lines} ...${props} name="drop" label="Left out, one name a line" />
    <${Text} ...${props} name="weight" label="Weight of each row" />
  </fieldset>`;
}

/** @param {FieldsProps} props */
export function MeaningFields(props) {
  return html`<fieldset class="upload-fields"><legend>What the numbers mean</legend>
    <${Choice} ...${props} name="target_type" label="Targets are" choices=${TARGET_TYPES} />
    <${Text} ...${props} name="scale" label="Inputs are divided by" placeholder="1" inputmode="decimal" />
  </fieldset>`;
}

/** @param {FieldsProps & {name: keyof import("./upload_options.js").Options, label: string, choices: string[][]}} props */
function Choice({ options, onChange, faults, name, label, choices }) {
  const value = String(options[name]);
  const known = choices.some(([each]) => each === value) ? choices : [...choices, [value, value]];
  return html`<label class="field">${label}
    <select value=${value} aria-invalid=${name in faults} onChange=${(/** @type {{target: HTMLSelectElement}} */ event) => onChange({ [name]: event.target.value })}>
      ${known.map(([each, text]) => html`<option value=${each} selected=${each === value}>${text}</option>`)}
    </select>
    ${faults[name] && html`<span class="field-fault">${faults[name]}</span>`}
  </label>`;
}

/** @param {FieldsProps & {name: keyof import("./upload_options.js").Options, label: string, placeholder?: string, inputmode?: string}} props */
export function Text({ options, onChange, faults, name, label, ...rest }) {
  return html`<label class="field">${label}
    <input value=${options[name]} aria-invalid=${name in faults} onInput=${(/** @type {{target: HTMLInputElement}} */ event) => onChange({ [name]: event.target.value })} ...${rest} />
    ${faults[name] && html`<span class="field-fault">${faults[name]}</span>`}
  </label>`;
}

/** @param {FieldsProps & {name: "target" | "drop", label: string, hint?: string}} props */
function Lines({ options, onChange, faults, name, label, hint }) {
  const changed = (/** @type {{target: HTMLInputElement}} */ event) => onChange({ [name]: event.target.value.split("\n").filter((/** @type {string} */ line) => line.trim()) });
  return html`<label class="field">${label}
    <textarea rows="2" aria-invalid=${name in faults} onChange=${changed}>${options[name].join("\n")}</textarea>
    ${hint && html`<span class="quiet hint">${hint}</span>`}
    ${faults[name] && html`<span class="field-fault">${faults[name]}</span>`}
  </label>`;
}
