/** Who uses the page: nobody in particular, a key that has signed in, or somebody who has to sign in first. */

import { useCallback, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { ApiError, ask, bearerNow, get, setBearer, setCsrfToken, Unreachable } from "./client.js";
import { followOnly } from "./events.js";

/**
 * @typedef {object} Session
 * @property {string | null} key  the id of the key; null where the service asks nobody for one
 * @property {string} tenant
 * @property {string[]} scopes
 * @property {string | null} job  the only job that a shared link shows
 * @property {string | null} csrf_token
 */
/** @typedef {"asking" | "signed in" | "signed out" | "unknown"} Standing  unknown: the service does not answer */

const AGAIN_MS = 3000; // after a request that nobody answered

/** @type {BroadcastChannel | undefined} */
let channel;

/**
 * Return the channel on which tabs announce that somebody has signed in or out, so that each reads the session again.
 * It is opened at its first use, as an open channel keeps a program without a page, such as a test, running.
 */
function tabs() {
  channel ??= new BroadcastChannel("backprop session");
  return channel;
}

/** @type {Set<() => void>} */
const losses = new Set();

/** Tell the page that a request was refused because nobody is signed in any more. */
export function sessionLost() {
  for (const listener of losses) listener();
}

/** Return the session, and what signs in and out. */
export function useSession() {
  const { read, ...state } = useSessionState();
  const signIn = useCallback(async (/** @type {string} */ key) => {
    await ask({ method: "POST", path: "v1/session", body: { key } });
    tabs().postMessage("changed");
    await read();
  }, []);
  const useToken = useCallback(async (/** @type {string} */ token) => {
    setBearer(token);
    await read();
  }, []);
  const signOut = useCallback(async () => {
    await ask({ method: "DELETE", path: "v1/session" });
    tabs().postMessage("changed");
    await read();
  }, []);
  return { ...state, read, signIn, signOut, useToken };
}

/** Return the session as the service last answered, and what reads it again, as other tabs that sign in or out do. */
function useSessionState() {
  const [standing, setStanding] = useState(/** @type {Standing} */ ("asking"));
  const [session, setSession] = useState(/** @type {Session | null} */ (null));
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const again = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  const read = useCallback(async () => {
    clearTimeout(again.current);
    const sent = bearerNow();
    try {
      const found = await get("v1/session");
      setCsrfToken(found.csrf_token);
      setSession(found);
      followOnly(found.job);
      setStanding("signed in");
      setError(null);
    } catch (caught) {
      const isOut = caught instanceof ApiError && caught.status === 401;
      if (isOut && bearerNow() === sent) setBearer(null); // a refused token would be sent instead of the cookie of the next sign-in
      setStanding(isOut ? "signed out" : "unknown");
      setError(isOut ? null : /** @type {Error} */ (caught));
      if (caught instanceof Unreachable) again.current = setTimeout(read, AGAIN_MS);
    }
  }, []);
  useLoss(() => {
    setBearer(null);
    setStanding("signed out");
  });
  useEffect(() => {
    tabs().addEventListener("message", read);
    read();
    return () => {
      clearTimeout(again.current);
      tabs().removeEventListener("message", read);
    };
  }, []);
  return { standing, session, error, read };
}

/**
 * Call a function whenever a request is refused because nobody is signed in any more.
 *
 * @param {() => void} lost
 */
function useLoss(lost) {
  useEffect(() => {
    losses.add(lost);
    return () => {
      losses.delete(lost);
    };
  }, []);
}

/**
 * Return whether a session may do what needs a scope: a key has those that it was given, and `admin` has all.
 *
 * @param {Session | null} session
 * @param {string} scope
 */
export function may(session, scope) {
  const has = session?.scopes ?? [];
  return has.includes("admin") || has.includes(scope);
}
