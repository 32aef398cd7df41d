/** A button that sends a request: it shows that it is under way, what went wrong, and the command for curl. */

import { ApiError, ask } from "../api/client.js";
import { sessionLost } from "../api/session.js";
import { html, useState } from "../vendor/htm-preact.js";
import { Curl } from "./curl.js";

/**
 * @param {object} props
 * @param {import("../api/client.js").Request} props.request
 * @param {(answer: any) => void} [props.onDone]
 * @param {(error: Error | null) => void} [props.onError] shows an error elsewhere; without it, it stands below the button
 * @param {string} [props.confirm] a question that is asked first
 * @param {boolean} [props.disabled]
 * @param {string} [props.class] `primary` or `danger`
 * @param {string} [props.title]
 * @param {string} props.label
 */
export function Action({ request, onDone, onError, confirm: question, disabled, class: kind = "", title, label }) {
  const [underWay, setUnderWay] = useState(false);
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const report = onError ?? setError;
  const act = async () => {
    if (question && !confirm(question)) return;
    setUnderWay(true);
    report(null);
    try {
      const answer = await ask(request);
      onDone?.(answer);
    } catch (caught) {
      if (caught instanceof ApiError && caught.status === 401) sessionLost();
      report(/** @type {Error} */ (caught));
    } finally {
      setUnderWay(false);
    }
  };
  return html`<span class="action">
    <span class="action-buttons">
      <button
        type="button"
        class=${`button ${kind}`}
        onClick=${act}
        disabled=${disabled || underWay}
        aria-busy=${underWay}
        title=${title}
      >${label}</button><${Curl} request=${request} of=${label} />
    </span>
    ${error && html`<span class="action-error" role="alert">${error.message}</span>`}
  </span>`;
}
