/** The whole page: its head, and what the address says is shown. */

import { useSession } from "../api/session.js";
import { useTheme } from "../parts/theme.js";
import { Trouble } from "../parts/trouble.js";
import { html, useEffect, useErrorBoundary, useRef } from "../vendor/htm-preact.js";
import { change, useAddress } from "../parts/address.js";
import { Head } from "./head.js";
import { isFramed, FramedSignIn } from "./framed.js";
import { SignIn } from "./sign_in.js";
import { viewOf } from "./views.js";

export function Page() {
  const state = useAddress();
  const session = useSession();
  useTheme(state.theme);
  if (state.embed) return html`<main class="embedded"><${Content} state=${state} session=${session} /></main>`;
  return html`
    <a class="skip" href="#content">Skip to the content</a>
    <${Head} state=${state} session=${session} />
    <main id="content" tabindex="-1"><${Content} state=${state} session=${session} /></main>
  `;
}

/** @param {{state: import("../parts/address.js").State, session: ReturnType<typeof useSession>}} props */
function Content({ state, session }) {
  const view = viewOf(state);
  const title = view.title(state);
  useEffect(() => {
    document.title = `${title} – Backprop`;
  }, [title]);
  useEffect(() => {
    view.view.load().catch(() => {}); // while the session is read; a failed import is shown by the view, which imports it again
  }, [view]);
  const only = session.session?.job;
  useEffect(() => {
    if (only && state.job !== only) change({ job: only }, { replace: true }); // a shared link shows one job alone
  }, [only, state.job]);
  if (session.standing === "asking") return html`<p class="waiting" aria-live="polite">Asking the service …</p>`;
  if (session.standing === "signed out" && isFramed()) return html`<${FramedSignIn} useToken=${session.useToken} />`;
  if (session.standing === "signed out") return html`<${SignIn} signIn=${session.signIn} />`;
  if (session.standing === "unknown" && session.error) {
    return html`<${Trouble} error=${session.error} again=${session.read} what="the page" />`;
  }
  return html`<${Guarded} key=${view.key(state)} view=${view.view} state=${state} session=${session.session} />`;
}

/**
 * Show a view, and what went wrong in its code, if anything did.
 *
 * @param {{view: any, state: import("../parts/address.js").State, session: import("../api/session.js").Session | null}} props
 */
function Guarded({ view: View, state, session }) {
  const [error, reset] = useErrorBoundary((fault) => console.error(fault));
  const shown = useRef(state);
  useEffect(() => {
    if (error && shown.current !== state) reset();
    shown.current = state;
  });
  if (error) return html`<${Trouble} error=${error} again=${reset} what="this part" />`;
  return html`<${View} state=${state} session=${session} />`;
}
