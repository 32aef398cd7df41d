/** The list of jobs: searched and paged by the service, live, and the place from which jobs are started and compared. */

import { may } from "../api/session.js";
import { Link } from "../parts/link.js";
import { Empty } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { shortened } from "../parts/format.js";
import { lazily } from "../parts/lazily.js";
import { html, useCallback, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { Filter } from "./filter.js";
import { useJobList } from "./job_list.js";
import { epochAsked, isWhole } from "./list_query.js";
import { JobTable, Pages } from "./table.js";

const FirstVisit = lazily(() => import("./first_visit.js"), "FirstVisit");

const REDRAWN_MS = 30_000; // so that "3 minutes ago" stays true

/** @param {{state: import("../parts/address.js").State, session: import("../api/session.js").Session | null}} props */
export function Jobs({ state, session }) {
  const { resource, rows, next } = useJobList(state);
  const previous = usePrevious(state, next);
  const [chosen, choose, clear] = useChosen();
  useClock(REDRAWN_MS);
  const isFirstVisit = resource.data !== null && rows.length === 0 && isWhole(state);
  return html`
    <div class="jobs-head"><h1>Jobs</h1>
      ${may(session, "train") && !isFirstVisit && html`<${Link} to=${{ new: "job" }} class="button primary">Start a job</${Link}>`}
    </div>
    ${!isFirstVisit && html`<${Filter} state=${state} />`}
    ${chosen.size > 0 && html`<${ToCompare} chosen=${chosen} clear=${clear} />`}
    <${Shown} of=${resource} what="the jobs">${() => {
      if (isFirstVisit) return may(session, "train") ? html`<${FirstVisit} />` : html`<${Empty} title="No job yet" />`;
      if (rows.length === 0) return html`<${Nothing} state=${state} />`;
      return html`<${JobTable} rows=${rows} at=${epochAsked(state)} chosen=${chosen} choose=${choose} />`;
    }}</${Shown}>
    ${!isFirstVisit && html`<${Pages} after=${state.after} next=${next} previous=${previous} />`}
  `;
}

/** @param {{chosen: Set<string>, clear: () => void}} props */
function ToCompare({ chosen, clear }) {
  const ids = [...chosen].join(",");
  return html`<p class="to-compare" role="status">${chosen.size} chosen
    ${chosen.size > 1
      ? html`<${Link} to=${{ compare: ids }} class="button">Compare them</${Link}>`
      : html`<span class="quiet">Choose another to compare.</span>`}
    <button type="button" class="plain-button" onClick=${clear}>Choose none</button>
  </p>`;
}

/** @param {{state: import("../parts/address.js").State}} props */
function Nothing({ state }) {
  if (state.after) return html`<${Empty} title="The list ends here"><p><${Link} within=${{ after: null }}>Newest jobs</${Link}></p></${Empty}>`;
  const which = [state.status && `is ${state.status}`, state.search && `has “${shortened(state.search)}” in it`].filter(Boolean);
  return html`<${Empty} title=${`No job ${which.join(" and ")}`}>
    ${state.search && html`<p>The search looks at ids, the names of models, networks and datasets, and values of metadata, letter by letter.</p>`}
    <p><${Link} within=${{ search: null, status: null, after: null }}>Show all jobs</${Link}></p>
  </${Empty}>`;
}

/** Return the ids that are chosen, what chooses one or gives it up, and what gives all up. */
function useChosen() {
  const [chosen, setChosen] = useState(() => new Set());
  const choose = useCallback((/** @type {string} */ id, /** @type {boolean} */ isChosen) => {
    setChosen((before) => {
      const after = new Set(before);
      if (isChosen) after.add(id);
      else after.delete(id);
      return after;
    });
  }, []);
  const clear = useCallback(() => setChosen(new Set()), []);
  return /** @type {[Set<string>, typeof choose, typeof clear]} */ ([chosen, choose, clear]);
}

/**
 * Return where the page before this one begins: null for the newest jobs, undefined where this page was not reached from it.
 *
 * @param {import("../parts/address.js").State} state
 * @param {string | null} next
 */
function usePrevious({ after, search, status }, next) {
  const before = useRef(/** @type {Map<string, string | null>} */ (new Map()));
  const key = (/** @type {string} */ cursor) => JSON.stringify([search, status, cursor]);
  useEffect(() => {
    if (next) before.current.set(key(next), after ?? null);
  }, [after, next, search, status]);
  return after ? before.current.get(key(after)) : undefined;
}

/** @param {number} milliseconds */
function useClock(milliseconds) {
  const [, setTime] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTime(Date.now()), milliseconds);
    return () => clearInterval(timer);
  }, []);
}
