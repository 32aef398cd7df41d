/** The list of models. */

import { useResource } from "../api/resource.js";
import { Link } from "../parts/link.js";
import { ago, count, number, shortened } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Pages } from "../parts/pages.js";
import { Empty } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html } from "../vendor/htm-preact.js";

const LIMIT = 50;

/** @param {{state: import("../parts/address.js").State}} props */
export function Models({ state }) {
  const models = useResource("v1/models", { limit: LIMIT, after: state.after, fields: "name,created_at,latest,aliases,versions" });
  return html`<div class="view-head"><h1>Models</h1></div>
    <${Shown} of=${models} what="the models">${(/** @type {any} */ list) =>
      list.data.length === 0
        ? html`<${Empty} title="No model yet">
            <p>A job that is given the name of a model makes a version of it when it has trained. <${Link} to=${{}}>Start with a job</${Link}>.</p>
          </${Empty}>`
        : html`<div class="scroll" tabindex="0" role="region" aria-label="Models"><table>
            <thead><tr>
              <th scope="col">Name</th><th scope="col" class="number">Versions</th><th scope="col" class="number">Latest</th>
              <th scope="col">Aliases</th><th scope="col">Trained on</th><th scope="col" class="number">Loss of the latest</th><th scope="col">Last version made</th>
            </tr></thead>
            <tbody>${list.data.map((/** @type {any} */ each) => html`<${Row} key=${each.name} model=${each} />`)}</tbody>
          </table></div>
          <${Pages} list=${list} after=${state.after} label="models" />`
    }</${Shown}>`;
}

/** @param {{model: any}} props */
function Row({ model }) {
  const latest = model.versions[model.versions.length - 1];
  const aliases = Object.entries(model.aliases);
  return html`<tr>
    <th scope="row"><${Link} to=${{ model: model.name }}><${Name} of=${model.name} most=${64} /></${Link}></th>
    <td class="number">${count(model.versions.length)}</td>
    <td class="number">${model.latest}</td>
    <td>${aliases.length === 0 ? html`<span class="quiet">none</span>` : aliases.map(([alias, version]) => html`<span class="alias">${shortened(alias)} → ${version}</span> `)}</td>
    <td>${latest?.dataset ? html`<${Link} to=${{ dataset: latest.dataset, version: latest.dataset_version }}><${Name} of=${latest.dataset} most=${32} /></${Link}>` : html`<span class="quiet">–</span>`}</td>
    <td class="number">${number(latest?.record?.validation_loss ?? latest?.record?.training_loss)}</td>
    <td><time datetime=${latest?.created_at ?? model.created_at}>${ago(latest?.created_at ?? model.created_at)}</time></td>
  </tr>`;
}
