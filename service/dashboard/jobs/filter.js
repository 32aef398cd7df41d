/** What narrows the list: a text, a status, and the epoch whose losses are shown. All of it is in the address. */

import { change } from "../parts/address.js";
import { Curl } from "../parts/curl.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { STATUSES, epochAsked, queryOf } from "./list_query.js";

const SETTLED_MS = 300;

/** @param {{state: import("../parts/address.js").State}} props */
export function Filter({ state }) {
  return html`<form class="jobs-filter" role="search" aria-label="Jobs" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
    <label class="wide">Search <${Typed}
      name="search" shown=${state.search ?? ""} type="search" maxlength="200" placeholder="name, id, dataset or metadata"
    /></label>
    <label>Status <select
      value=${state.status ?? ""}
      onChange=${(/** @type {{target: HTMLSelectElement}} */ event) => change({ status: event.target.value, after: null })}
    ><option value="">all</option>${STATUSES.map((status) => html`<option value=${status}>${status}</option>`)}</select></label>
    <label>Loss at epoch <${Typed} name="at_epoch" shown=${String(epochAsked(state) ?? "")} type="number" min="0" max="999999999" placeholder="none" /></label>
    <${Curl} of="List these jobs" request=${{ method: "GET", path: "v1/jobs", query: queryOf(state) }} />
  </form>`;
}

/**
 * An input whose text goes into the address once the reader stops typing.
 *
 * @param {{name: string, shown: string} & Record<string, any>} props
 */
function Typed({ name, shown, ...rest }) {
  const [text, setText] = useState(shown);
  useEffect(() => setText(shown), [shown]);
  useEffect(() => {
    if (text.trim() === shown) return undefined;
    const timer = setTimeout(() => change({ [name]: text.trim(), after: null }, { replace: true }), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [text, shown]);
  return html`<input value=${text} onInput=${(/** @type {{target: HTMLInputElement}} */ event) => setText(event.target.value)} ...${rest} />`;
}
