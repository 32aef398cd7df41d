/** One model: a prediction, its versions and aliases, its card, and what can be done with it elsewhere. */

import { useResource } from "../api/resource.js";
import { may } from "../api/session.js";
import { Link } from "../parts/link.js";
import { ago, counted } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Empty } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html } from "../vendor/htm-preact.js";
import { Aliases } from "./aliases.js";
import { Card } from "./card.js";
import { Exports } from "./exports.js";
import { Predict } from "./predict.js";
import { Versions } from "./versions.js";

/**
 * What each part of a model's page gets.
 *
 * @typedef {object} PartProps
 * @property {any} model
 * @property {string} path  of the model, or of the version that is shown
 * @property {any} shown  the version that is shown, with `inputs`, `outputs` and `example`
 * @property {import("../api/session.js").Session | null} session
 * @property {() => void} reload  reads the model again
 */

/** @param {{state: import("../parts/address.js").State, session: import("../api/session.js").Session | null}} props */
export function ModelPage({ state, session }) {
  const path = `v1/models/${encodeURIComponent(state.model)}`;
  const versionPath = state.version ? `${path}/versions/${encodeURIComponent(state.version)}` : null;
  const model = useResource(path);
  const version = useResource(versionPath);
  return html`<p class="crumb"><${Link} to=${{ view: "models" }}>Models</${Link}></p>
    <${Shown} of=${model} what="this model">${(/** @type {any} */ found) => {
      const chosen = state.version ? version : model;
      const props = { model: found, session, reload: model.reload };
      return html`<${Head} model=${found} named=${state.version} />
        ${
          found.versions.length === 0
            ? html`<${Empty} title="No version left"><p>A job that names this model makes its next version.</p></${Empty}>`
            : html`<${Shown} of=${chosen} what="this version">${(/** @type {any} */ shown) => html`
                <${Predict} key=${`predict ${shown.version ?? state.version}`} ...${props} path=${versionPath ?? path} shown=${shown} may=${may(session, "predict")} />`}</${Shown}>`
        }
        <div class="columns wide-first">
          <${Versions} ...${props} named=${state.version} />
          <${Aliases} ...${props} />
        </div>
        ${found.versions.length > 0 && html`
          <${Exports} key=${`exports ${state.version}`} path=${versionPath ?? path} />
          <${Card} path=${versionPath ?? path} />`}`;
    }}</${Shown}>`;
}

/** @param {{model: any, named: string | undefined}} props */
function Head({ model, named }) {
  const plain = model.aliases.default ?? model.latest;
  return html`<div class="view-head"><div>
    <h1><${Name} of=${model.name} most=${60} />${named && html` <span class="quiet">version ${named}</span>`}</h1>
    <p class="facts">${counted(model.versions.length, "version")} <span aria-hidden="true">·</span> its name alone means version ${plain}${
      model.aliases.default !== undefined && html`, by the alias <code>default</code>`
    } <span aria-hidden="true">·</span> made <time datetime=${model.created_at} title=${model.created_at}>${ago(model.created_at)}</time>
    ${named && html` <span aria-hidden="true">·</span> <${Link} to=${{ model: model.name }}>Show what the name means</${Link}>`}</p>
  </div></div>`;
}
