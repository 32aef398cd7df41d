/** The aliases of a model: names for versions, which can be set, moved and deleted. */

import { ApiError, get, send } from "../api/client.js";
import { useResource } from "../api/resource.js";
import { may } from "../api/session.js";
import { Action } from "../parts/action.js";
import { Curl } from "../parts/curl.js";
import { ago, shortened } from "../parts/format.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";

/** @param {{model: any, session: import("../api/session.js").Session | null, reload: () => void}} props */
export function Aliases({ model, session, reload }) {
  const path = `v1/models/${encodeURIComponent(model.name)}/aliases`;
  const aliases = useResource(path);
  useEffect(aliases.reload, [JSON.stringify(model.aliases)]);
  const done = () => {
    aliases.reload();
    reload();
  };
  const mayMove = may(session, "train") && model.versions.length > 0;
  return html`<${Panel} title="Aliases">
    <p class="quiet">An alias names one version until it is moved. <code>default</code> is what the model’s name alone means; without it, that is the latest version.</p>
    <${Shown} of=${aliases} what="the aliases">${(/** @type {any} */ list) =>
      list.data.length > 0 && html`<ul class="alias-list">${list.data.map(
        (/** @type {any} */ each) => html`<li key=${each.alias}>
          <${Alias} alias=${each} path=${path} versions=${model.versions} mayMove=${mayMove} done=${done} />
        </li>`,
      )}</ul>`
    }</${Shown}>
    ${mayMove && html`<${NewAlias} path=${path} model=${model} done=${done} />`}
  </${Panel}>`;
}

/** @param {{alias: any, path: string, versions: any[], mayMove: boolean, done: () => void}} props */
function Alias({ alias, path, versions, mayMove, done }) {
  const own = `${path}/${encodeURIComponent(alias.alias)}`;
  const [version, setVersion] = useState(alias.version);
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const move = async () => {
    try {
      await moved(own, version, alias);
      setError(null);
      done();
    } catch (caught) {
      setError(/** @type {Error} */ (caught));
    }
  };
  return html`<div class="alias-row">
      <span><strong>${shortened(alias.alias)}</strong> → version ${alias.version}
        <span class="quiet"> since ${ago(alias.moved_at)}${alias.previous_version !== null && `, before that version ${alias.previous_version}`}</span></span>
      ${mayMove && html`<span class="actions">
        <${VersionChoice} label=${`Version of ${alias.alias}`} versions=${versions} value=${version} onChange=${setVersion} />
        <span class="action-buttons"><button type="button" class="button" disabled=${version === alias.version} onClick=${move}>Move</button><${Curl}
          of=${`Move ${alias.alias}`} request=${{ method: "PUT", path: own, body: { version } }} /></span>
        <${Action} label="Delete" title=${`Delete the alias ${alias.alias}`} request=${{ method: "DELETE", path: own }} confirm=${`Delete the alias ${alias.alias}? The version stays.`} onDone=${done} />
      </span>`}
    </div>
    ${error && html`<p class="action-error" role="alert">${error.message}</p>`}`;
}

/**
 * Move an alias, unless somebody else has moved it since it was read.
 *
 * @param {string} path of the alias
 * @param {number} version
 * @param {any} shown the alias as the reader saw it
 */
async function moved(path, version, shown) {
  const response = await send({ method: "GET", path });
  const present = await response.json();
  if (present.version !== shown.version) throw new Error(`The alias was moved meanwhile, to version ${present.version}; load the page again.`);
  const tag = response.headers.get("ETag");
  try {
    await send({ method: "PUT", path, body: { version }, headers: tag ? { "If-Match": tag } : {} });
  } catch (caught) {
    if (caught instanceof ApiError && caught.status === 412) {
      const found = await get(path);
      throw new Error(`The alias was moved meanwhile, to version ${found.version}; load the page again.`);
    }
    throw caught;
  }
}

/** @param {{path: string, model: any, done: () => void}} props */
function NewAlias({ path, model, done }) {
  const [name, setName] = useState("");
  const [version, setVersion] = useState(model.latest);
  const request = { method: "PUT", path: `${path}/${encodeURIComponent(name.trim())}`, body: { version }, headers: { "If-None-Match": "*" } };
  return html`<div class="alias-row new-alias">
    <label>New alias <input value=${name} maxlength="64" placeholder="live" onInput=${(/** @type {{target: HTMLInputElement}} */ event) => setName(event.target.value)} /></label>
    <${VersionChoice} label="Version of the new alias" versions=${model.versions} value=${version} onChange=${setVersion} />
    <${Action} label="Set" request=${request} disabled=${!name.trim()} onDone=${() => {
      setName("");
      done();
    }} />
  </div>`;
}

/** @param {{label: string, versions: any[], value: number, onChange: (version: number) => void}} props */
function VersionChoice({ label, versions, value, onChange }) {
  return html`<select aria-label=${label} onChange=${(/** @type {{target: HTMLSelectElement}} */ event) => onChange(Number(event.target.value))}>
    ${[...versions].reverse().map((each) => html`<option value=${each.version} selected=${each.version === value}>version ${each.version}</option>`)}
  </select>`;
}
