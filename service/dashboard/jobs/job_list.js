/** The list of jobs as the page follows it: one page of it, read again when jobs begin and end, and moved on by events. */

import { listen } from "../api/events.js";
import { useResource } from "../api/resource.js";
import { useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { queryOf, readPage } from "./list_query.js";
import { LiveRows } from "./live_rows.js";

const DRAWN_MS = 1000; // rows that train are drawn at most so often
const READ_MS = 500; // how long changes of status are gathered before the list is read again
const CORRECTED_MS = 15_000; // how often best epochs are read while jobs train: events have only some epochs

/**
 * Return the page of the list that the address names.
 *
 * @param {import("../parts/address.js").State} state
 */
export function useJobList(state) {
  const resource = useResource("v1/jobs", queryOf(state), readPage);
  const live = useRef(/** @type {LiveRows | null} */ (null));
  live.current ??= new LiveRows();
  const taken = useRef(/** @type {any} */ (null));
  const [, setDrawn] = useState(0);
  if (resource.data !== null && resource.data !== taken.current) {
    taken.current = resource.data;
    live.current.take(resource.data.rows);
  }
  useEffect(() => follow(/** @type {LiveRows} */ (live.current), resource.reload, () => setDrawn((drawn) => drawn + 1)), []);
  return { resource, rows: live.current.rows, next: resource.data?.next ?? null };
}

/**
 * Keep rows up to date by events; return what ends that.
 *
 * @param {LiveRows} live
 * @param {() => void} reload
 * @param {() => void} draw
 */
function follow(live, reload, draw) {
  const drawing = new Later(DRAWN_MS, () => live.apply() && draw());
  const reading = new Later(READ_MS, reload);
  const correcting = new Later(CORRECTED_MS, reload);
  const stop = listen((event) => {
    if (event.type === "epoch") {
      if (!live.add(/** @type {string} */ (event.job), event.data)) return;
      drawing.ask();
      correcting.ask();
    } else if (event.type !== "warning") reading.ask();
  }, { calmly: true });
  return () => {
    stop();
    for (const each of [drawing, reading, correcting]) each.end();
  };
}

/** Does something once, some time after it was asked for, however often it was. */
class Later {
  /**
   * @param {number} milliseconds
   * @param {() => void} act
   */
  constructor(milliseconds, act) {
    this.milliseconds = milliseconds;
    this.act = act;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  ask() {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.act();
    }, this.milliseconds);
  }

  end() {
    clearTimeout(this.timer);
  }
}
