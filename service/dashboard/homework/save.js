/** Saves a worksheet as a page to print, with or without its key. */

import { send } from "../api/client.js";
import { Curl } from "../parts/curl.js";
import { html, useState } from "../vendor/htm-preact.js";

/**
 * @param {object} props
 * @param {import("../api/client.js").Request} props.request
 * @param {string} props.name of the file
 * @param {string} props.label
 */
export function SaveButton({ request, name, label }) {
  const [error, setError] = useState("");
  const save = async () => {
    setError("");
    try {
      const answer = await send({ ...request, headers: { Accept: "text/html" } });
      const address = URL.createObjectURL(await answer.blob());
      Object.assign(document.createElement("a"), { href: address, download: name }).click();
      URL.revokeObjectURL(address);
    } catch (caught) {
      setError(/** @type {Error} */ (caught).message);
    }
  };
  return html`<span class="action"><span class="action-buttons"><button type="button" class="button" onClick=${save}>${label}</button><${Curl} of=${label} request=${request} /></span>
    ${error && html`<span class="action-error" role="alert">${error}</span>`}</span>`;
}
