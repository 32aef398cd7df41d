/** The versions of a model: what each was made of, and how well it did. */

import { addressTo, show } from "../parts/address.js";
import { may } from "../api/session.js";
import { Action } from "../parts/action.js";
import { Link } from "../parts/link.js";
import { ago, count, number, percent, shortened } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Panel } from "../parts/panel.js";
import { html, useState } from "../vendor/htm-preact.js";

const MOST = 20; // shown unasked

/** @param {{model: any, named: string | undefined, session: import("../api/session.js").Session | null, reload: () => void}} props */
export function Versions({ model, named, session, reload }) {
  const [isAll, setAll] = useState(false);
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const newest = [...model.versions].reverse();
  const shown = isAll ? newest : newest.slice(0, MOST);
  const deleted = (/** @type {number} */ version) => {
    if (String(version) === named) show(addressTo({ model: model.name }));
    reload();
  };
  return html`<${Panel} title="Versions">
    ${error && html`<div class="trouble" role="alert"><p class="trouble-title">The version was not deleted</p><p>${error.message}</p></div>`}
    <div class="scroll" tabindex="0" role="region" aria-label="Table of versions"><table>
      <thead><tr><th scope="col">Version</th><th scope="col">Made of</th><th scope="col" class="number">Loss</th><th scope="col">On test rows</th><th scope="col">Made</th>
        ${may(session, "train") && html`<th scope="col"><span class="visually-hidden">Actions</span></th>`}</tr></thead>
      <tbody>${shown.map((version) => html`<tr key=${version.version}>
        <th scope="row"><${Link} to=${{ model: model.name, version: version.version }} aria-current=${String(version.version) === named ? "true" : null}>${version.version}</${Link}>
          ${version.aliases.map((/** @type {string} */ alias) => html` <span class="alias">${shortened(alias)}</span>`)}</th>
        <td><${Origin} version=${version} /></td>
        <td class="number">${number(version.record?.validation_loss ?? version.record?.training_loss)} ${version.record && html`<span class="quiet small-text">${version.record.validation_loss === null ? "training" : "validation"}</span>`}</td>
        <td><${TestResult} test=${version.test} /></td>
        <td><time datetime=${version.created_at} title=${version.created_at}>${ago(version.created_at)}</time></td>
        ${may(session, "train") && html`<td><${Action}
          label="Delete" title=${`Delete version ${version.version}`}
          request=${{ method: "DELETE", path: `v1/models/${encodeURIComponent(model.name)}/versions/${version.version}` }}
          confirm=${`Delete version ${version.version} of ${model.name}? Its number is not given again.`}
          onDone=${() => deleted(version.version)} onError=${setError}
        /></td>`}
      </tr>`)}</tbody>
    </table></div>
    ${newest.length > shown.length && html`<p><button type="button" class="button" onClick=${() => setAll(true)}>Show all ${count(newest.length)}</button></p>`}
  </${Panel}>`;
}

/** @param {{version: any}} props */
function Origin({ version }) {
  const { origin, job, epoch, dataset, dataset_version: datasetVersion } = version;
  if (!job && !dataset) return html`<span>${origin}</span>`;
  return html`${job ? html`<${Link} to=${{ job, epoch }}>job</${Link}>, epoch ${count(epoch)}` : origin}${
    dataset && html`, <${Link} to=${{ dataset, version: datasetVersion }}><${Name} of=${dataset} most=${24} /></${Link}>`
  }`;
}

/** @param {{test: any}} props */
function TestResult({ test }) {
  if (!test) return html`<span class="quiet">not measured: no rows were held out</span>`;
  const accuracy = test.metrics?.accuracy;
  return html`${accuracy === undefined ? html`loss ${number(test.loss)}` : html`${percent(accuracy)} right`} <span class="quiet">of ${count(test.rows)}</span>`;
}
