/** The form by which a key signs in. */

import { Curl } from "../parts/curl.js";
import { Trouble } from "../parts/trouble.js";
import { html, useState } from "../vendor/htm-preact.js";

/** @param {{signIn: (key: string) => Promise<void>}} props */
export function SignIn({ signIn }) {
  const [key, setKey] = useState("");
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const [underWay, setUnderWay] = useState(false);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    setUnderWay(true);
    try {
      await signIn(key.trim());
    } catch (caught) {
      setError(/** @type {Error} */ (caught));
      setUnderWay(false);
    }
  };
  return html`<form class="sign-in" onSubmit=${submit}>
    <h1>Sign in</h1>
    <p>This service asks for a key. Whoever runs it makes one with <code>backprop keys create</code>.</p>
    <label>Key <input type="password" autocomplete="current-password" required value=${key}
      onInput=${(/** @type {{target: HTMLInputElement}} */ event) => setKey(event.target.value)} /></label>
    <p><button class="button primary" disabled=${underWay}>Sign in</button>
      <${Curl} of="Sign in" request=${{ method: "POST", path: "v1/session", body: { key: "KEY" } }} /></p>
    ${error && html`<${Trouble} error=${error} />`}
    <p class="quiet">The browser gets a cookie for twelve hours; the key itself is not stored.</p>
  </form>`;
}
