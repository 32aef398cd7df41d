/** The head of the page: where one can go, whether what is shown is live, and who is signed in. */

import { watchStream } from "../api/events.js";
import { Link } from "../parts/link.js";
import { ThemeChoice } from "../parts/theme.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";

/** The parts of the page: what is in `view`, and names in the address that belong to it. */
/** @type {{view: string, title: string, names: string[]}[]} */
const PLACES = [
  { view: "jobs", title: "Jobs", names: ["job", "compare"] },
  { view: "datasets", title: "Datasets", names: ["dataset"] },
  { view: "models", title: "Models", names: ["model"] },
  { view: "operations", title: "Operations", names: [] },
  { view: "tour", title: "Tour", names: [] },
];

const CONDITIONS = { closed: "", connecting: "connecting …", open: "live", lost: "no answer, trying again …" };

/** @param {{state: import("../parts/address.js").State, session: ReturnType<typeof import("../api/session.js").useSession>}} props */
export function Head({ state, session }) {
  const here = placeOf(state);
  const { session: signedIn, signOut, standing } = session;
  return html`<header class="head">
    <${Link} to=${{}} class="home"><span class="mark" aria-hidden="true">∂</span> Backprop</${Link}>
    <nav aria-label="Main"><ul>
      ${PLACES.map(
        ({ view, title }) => html`<li><${Link} to=${{ view: view === "jobs" ? null : view }} aria-current=${here === view ? "page" : null}>${title}</${Link}></li>`,
      )}
      <li><a href="docs">API</a></li>
    </ul></nav>
    <div class="head-aside">
      <${Live} />
      <${ThemeChoice} theme=${state.theme} />
      ${
        standing === "signed in" && signedIn?.key &&
        html`<button type="button" class="plain-button" onClick=${signOut} title=${`Key ${signedIn.key}, tenant ${signedIn.tenant}`}>Sign out</button>`
      }
    </div>
  </header>`;
}

/** @param {import("../parts/address.js").State} state */
function placeOf(state) {
  if (state.new?.startsWith("job")) return "jobs"; // with the dataset on which it trains
  const found = PLACES.find(({ view }) => state.view === view) ?? PLACES.find(({ names }) => names.some((name) => name in state));
  return found?.view ?? "jobs";
}

function Live() {
  const [condition, setCondition] = useState(/** @type {import("../api/events.js").Condition} */ ("closed"));
  useEffect(() => watchStream(setCondition), []);
  const isClosed = condition === "closed"; // nobody listens, or the page is hidden: there is nothing to say
  return html`<span class=${`live ${condition}`} role="status">${!isClosed && html`<span class="dot" aria-hidden="true"></span>${CONDITIONS[condition]}`}</span>`;
}
