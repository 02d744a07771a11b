// The console's own API: one door for every page, and for every way it can say no.

import { useEffect, useRef, useState } from "./html.js";

/** An answer that is not what was asked for. `problem` is RFC 9457's object when the console said it itself. */
export class ApiError extends Error {
  constructor(message, problem = {}, status = 0) {
    super(message);
    this.problem = problem;
    this.status = status;
  }
}

function address(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters ?? {})) {
    if (value !== "" && value !== null && value !== undefined) query.set(name, value);
  }
  const text = query.toString();
  return `/api/v1/${path}${text ? `?${text}` : ""}`;
}

/** Ask once. */
export function ask(path, parameters, signal) {
  return exchange(address(path, parameters), { signal, headers: { accept: "application/json" } });
}

/** Tell the console something: the few things that a page may change. */
export function tell(path, body) {
  const headers = { accept: "application/json", "content-type": "application/json" };
  return exchange(address(path), { method: "POST", headers, body: JSON.stringify(body) });
}

async function exchange(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The console does not answer. Is it still running? Start it with: spine console");
  }
  let body = null;
  try {
    body = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
  }
  if (response.ok && body !== null) return body;
  if (response.status === 401 || response.status === 403) {
    throw new ApiError(
      body?.detail ?? "This browser may not look in here. Open the link that the console printed when it started.",
      body ?? {}, response.status,
    );
  }
  throw new ApiError(body?.detail ?? body?.title ?? `The console answered ${response.status}.`, body ?? {}, response.status);
}

/**
 * Ask while a page is shown; again when `path` or a parameter changes, and every `every` milliseconds while the page
 * can be seen. The last answer stays until the next is there, so nothing jumps.
 */
export function useAnswer(path, parameters, { every = 0 } = {}) {
  const [state, setState] = useState({ answer: null, error: null, loading: true });
  const key = path === null ? null : address(path, parameters);
  const shown = useRef(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (key === null) return undefined;
    const stop = new AbortController();
    let timer = 0;
    const load = async () => {
      try {
        const answer = await ask(path, parameters, stop.signal);
        shown.current = key;
        setState({ answer, error: null, loading: false });
      } catch (error) {
        if (error.name === "AbortError") return;
        setState((old) => ({ answer: shown.current === key ? old.answer : null, error, loading: false }));
      }
      if (every && !stop.signal.aborted) timer = setTimeout(again, every);
    };
    const again = () => {
      if (document.hidden) timer = setTimeout(again, every);
      else load();
    };
    setState((old) => ({ ...old, loading: true }));
    load();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, every, turn]);
  return { ...state, again: () => setTurn((old) => old + 1) };
}

/**
 * Follow a live tail. Calls `take(rows)` with rows oldest first, `behind(n)` when some were left out, `say(state)` with
 * `live`, `waiting` (the browser tries again by itself) or `refused`. Returns how to stop.
 */
export function tail(path, name, parameters, { take, behind, say }) {
  const source = new EventSource(address(path, parameters));
  source.addEventListener("open", () => say("live"));
  source.addEventListener("error", () => say(source.readyState === EventSource.CLOSED ? "refused" : "waiting"));
  source.addEventListener(name, (event) => {
    const rows = read(event.data);
    if (Array.isArray(rows)) take(rows);
  });
  source.addEventListener("behind", (event) => behind(Number(read(event.data)?.skipped) || 0));
  source.addEventListener("trouble", () => say("waiting"));
  return () => source.close();
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
