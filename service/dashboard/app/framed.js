/**
 * The page in a frame of another page, where somebody has to say who they are.
 *
 * Browsers send no cookie of this service from a frame in another site, so signing in there has no effect. The page around the
 * frame may give it a token instead, by `postMessage`; it is sent with each request and is stored nowhere.
 */

import { html, useEffect, useState } from "../vendor/htm-preact.js";

/** Return whether the page is shown in a frame. */
export function isFramed() {
  return window.parent !== window;
}

/** @param {{useToken: (token: string) => Promise<void>}} props */
export function FramedSignIn({ useToken }) {
  const [refused, setRefused] = useState(false);
  useEffect(() => {
    const take = newestOf(async (/** @type {string} */ token) => {
      await useToken(token);
      setRefused(true); // shown only if it is refused: otherwise this view is gone
    });
    const listener = (/** @type {MessageEvent} */ event) => {
      const token = tokenIn(event.data);
      if (event.source === window.parent && token !== null) take(token);
    };
    addEventListener("message", listener);
    window.parent.postMessage({ backprop: "token wanted" }, "*"); // it has no secret in it
    return () => removeEventListener("message", listener);
  }, []);
  return html`<div class="note framed" role="status">
    <p><strong>${refused ? "The token is not valid any more." : "This job is shown to those who have a key."}</strong></p>
    <p>Signing in does not work within a frame of another site, as browsers send no cookie from there. <a href=${location.href} target="_blank" rel="noopener">Open it in a window of its own</a> and
      sign in there, or let the page around this frame give it a token that shares the job.</p>
  </div>`;
}

/**
 * Return what tries one token at a time, however many come: of those that come meanwhile, the newest alone is tried after it.
 *
 * @param {(token: string) => Promise<void>} tryToken
 */
export function newestOf(tryToken) {
  /** @type {string | null} */
  let waiting = null;
  let underWay = false;
  return async (/** @type {string} */ token) => {
    waiting = token;
    if (underWay) return;
    underWay = true;
    try {
      while (waiting !== null) {
        const next = waiting;
        waiting = null;
        await tryToken(next);
      }
    } finally {
      underWay = false;
    }
  };
}

/**
 * Return the token in a message, or null.
 *
 * @param {unknown} message
 * @returns {string | null}
 */
export function tokenIn(message) {
  if (typeof message !== "object" || message === null || !("token" in message)) return null;
  const { token } = message;
  return typeof token === "string" && /^[\x21-\x7e]{1,200}$/.test(token) ? token : null;
}
