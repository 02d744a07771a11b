// A list that has a past and a present: pages of history, and a live tail on top of it.

import { ask, tail } from "./api.js";
import { useCallback, useEffect, useRef, useState } from "./html.js";

/** No more rows than this are kept; older ones are there again on scrolling. */
export const MOST = 2000;
const PAGE = 100;

const when = (row) => row.start_us ?? row.at_us;

const NOTHING = { rows: [], older: "", whole: true, loading: true, error: null, behind: 0 };

/**
 * Rows of `path` for a search and a window, newest first, and live if `live`.
 *
 * What arrives is gathered and drawn once a frame, however much it is. While `paused()` says so it waits and is only
 * counted, so that nothing moves under a pointer; `catchUp` lets it in.
 */
export function useFeed(path, name, parameters, { live, paused }) {
  const [state, setState] = useState(NOTHING);
  const [waiting, setWaiting] = useState(0);
  const [connection, setConnection] = useState("off");
  const gathered = useRef([]);
  const busy = useRef(false);
  const held = useRef(paused);
  held.current = paused;
  const key = JSON.stringify([path, parameters]);

  const letIn = useCallback(() => {
    const fresh = gathered.current;
    gathered.current = [];
    setWaiting(0);
    if (fresh.length === 0) return;
    setState((old) => {
      const known = new Set(old.rows.slice(0, 400).map((row) => row.cursor));
      // A tail brings rows as they were stored, and services send at their own pace: here they stand by their time.
      const rows = [...fresh.reverse().filter((row) => !known.has(row.cursor)), ...old.rows].sort((a, b) => when(b) - when(a));
      const cut = rows.length > MOST;
      return { ...old, rows: cut ? rows.slice(0, MOST) : rows, older: cut ? rows[MOST - 1].cursor : old.older };
    });
  }, []);

  useEffect(() => {
    const stop = new AbortController();
    let close = null;
    let frame = 0;
    gathered.current = [];
    busy.current = false;
    setWaiting(0);
    const draw = () => {
      frame = 0;
      if (held.current()) setWaiting(gathered.current.length);
      else letIn();
    };
    const take = (rows) => {
      gathered.current.push(...rows);
      if (gathered.current.length > MOST) gathered.current.splice(0, gathered.current.length - MOST);
      if (!frame) frame = requestAnimationFrame(draw);
    };
    const behind = (skipped) => setState((old) => ({ ...old, behind: old.behind + skipped }));
    setState((old) => ({ ...old, loading: true, behind: 0 }));
    ask(path, { ...parameters, limit: PAGE }, stop.signal).then(
      (page) => {
        const rows = page[name] ?? [];
        setState({ rows, older: page.older, whole: page.whole, loading: false, error: null, behind: 0 });
        if (!live) return setConnection("off");
        setConnection("waiting");
        close = tail(`${path}/tail`, name, { q: parameters.q, newer: page.newer }, { take, behind, say: setConnection });
        return undefined;
      },
      (error) => {
        if (error.name !== "AbortError") setState({ ...NOTHING, loading: false, error });
      },
    );
    return () => {
      stop.abort();
      close?.();
      cancelAnimationFrame(frame);
    };
  }, [key, live]);

  const more = useCallback(() => {
    if (busy.current || !state.older) return;
    busy.current = true;
    const asked = key;
    ask(path, { ...parameters, limit: PAGE, older: state.older }).then(
      (page) => setState((old) => {
        busy.current = false;
        if (asked !== key) return old;
        return { ...old, rows: [...old.rows, ...(page[name] ?? [])], older: page.older, whole: page.whole };
      }),
      (error) => {
        busy.current = false;
        setState((old) => ({ ...old, error }));
      },
    );
  }, [key, state.older]);

  return { ...state, waiting, connection, more, catchUp: letIn };
}

/** What a live button says about its connection. */
export const CONNECTION_WORDS = {
  off: "", live: "live", waiting: "connecting…", refused: "not live: too many tails are open, or the console ended",
};
