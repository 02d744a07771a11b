// The address is the state: which page, and every filter on it.

import { useEffect, useState } from "./html.js";

const listeners = new Set();

function tell() {
  for (const listener of listeners) listener();
}

addEventListener("popstate", tell);

/** Where we are: path, decoded parameters. */
export function here() {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

/** Go somewhere inside the console. */
export function go(url, { replace = false } = {}) {
  const same = url === location.pathname + location.search;
  if (same) return;
  history[replace ? "replaceState" : "pushState"](null, "", url);
  tell();
}

/** Change some parameters of this page; an empty one is removed. */
export function setQuery(changes, { replace = false } = {}) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "" || value === null || value === undefined) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ""), { replace });
}

/** Draw again whenever the address changes. */
export function useRoute() {
  const [route, setRoute] = useState(here);
  useEffect(() => {
    const listener = () => setRoute(here());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return route;
}

/** The address of one request; ids come from outside, so they are escaped. */
export function requestUrl(id, extra = {}) {
  const query = new URLSearchParams(extra).toString();
  return `/requests/${encodeURIComponent(id)}${query ? `?${query}` : ""}`;
}

/** The address of a page with a search and a time. */
export function searchUrl(page, parameters) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value));
  const text = query.toString();
  return text ? `${page}?${text}` : page;
}

/** Links of our own are followed without loading the page again; modified clicks stay the browser's. */
export function followLinks(event) {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.("a[href]");
  if (!link || link.target || link.download || link.origin !== location.origin) return;
  if (link.pathname.startsWith("/static/") || link.pathname.startsWith("/api/")) return;
  if (link.getAttribute("href").startsWith("#")) return;
  event.preventDefault();
  go(link.pathname + link.search);
  scrollTo(0, 0);
}
