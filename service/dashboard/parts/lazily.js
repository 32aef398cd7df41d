/** Components whose modules are loaded when they are first shown, so that a view waits for its own modules alone. */

import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { Trouble } from "./trouble.js";

/** The module has not come; after an upgrade of the service it never will, as its address has changed. */
class NotLoaded extends Error {
  constructor() {
    super("A part of the page could not be loaded. After an upgrade of the service the page has to be loaded again.");
    this.name = "NotLoaded";
  }
}

/**
 * Return a component that loads another one and shows it; its `load` begins that before it is shown.
 *
 * @template {Record<string, any>} M
 * @param {() => Promise<M>} load imports the module
 * @param {keyof M} name of the component in it
 */
export function lazily(load, name) {
  /** @type {any} */
  let loaded = null;
  /** @type {Promise<void> | undefined} */
  let loading;
  const begin = () =>
    (loading ??= load().then(
      (module) => {
        loaded = module[name];
      },
      () => {
        loading = undefined;
        throw new NotLoaded();
      },
    ));
  /** @param {any} props */
  function Lazy(props) {
    const [View, setView] = useState(() => loaded);
    const [error, setError] = useState(/** @type {Error | null} */ (null));
    useEffect(() => {
      if (View !== null) return;
      begin().then(() => setView(() => loaded), setError);
    }, []);
    if (error) return html`<${Trouble} error=${error} again=${() => location.reload()} way="Load the page again" what="this part" />`;
    return View === null ? html`<p class="waiting" aria-live="polite">Loading …</p>` : html`<${View} ...${props} />`;
  }
  Lazy.load = begin;
  return Lazy;
}
