// The frame: navigation, keys, and which page is shown. Every page is a module of its own, fetched when first seen.

import { html, render, useEffect, useErrorBoundary, useRef, useState } from "./parts/html.js";
import { useAnswer } from "./parts/api.js";
import { plain } from "./parts/format.js";
import { Icon } from "./parts/icons.js";
import { HELP, useKeys } from "./parts/keys.js";
import { followLinks, go, requestUrl, useRoute } from "./parts/router.js";
import { Bones } from "./parts/words.js";

const PAGES = [
  { path: "/", word: "Overview", icon: "overview", load: () => import("./pages/overview.js") },
  { path: "/requests", word: "Requests", icon: "requests", load: () => import("./pages/requests.js") },
  { path: "/logs", word: "Logs", icon: "logs", load: () => import("./pages/logs.js") },
  { path: "/errors", word: "Errors", icon: "errors", load: () => import("./pages/errors.js") },
  { path: "/alerts", word: "Alerts", icon: "alerts", load: () => import("./pages/alerts.js") },
  { path: "/health", word: "Health", icon: "health", load: () => import("./pages/health.js") },
];
// Shown without a place in the navigation.
const OTHERS = [
  { path: "/requests/", word: "Request", load: () => import("./pages/request.js") },
  { path: "/open", word: "Open a file", load: () => import("./pages/open.js") },
];

function pageOf(path) {
  if (path.startsWith("/requests/") && path.length > "/requests/".length) return OTHERS[0];
  return [...PAGES, ...OTHERS].find((page) => page.path === path) ?? null;
}

function themeNow() {
  return document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

function switchTheme() {
  const next = themeNow() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem("spine.theme", next);
  } catch {
    // Forbidden storage: the choice lasts as long as this page.
  }
  dispatchEvent(new Event("spine-theme"));
}

function GoTo() {
  const submit = (event) => {
    event.preventDefault();
    const id = event.target.elements.id.value.trim();
    if (!id) return;
    event.target.reset();
    document.activeElement?.blur();
    go(requestUrl(id));
  };
  return html`<form class="goto" onSubmit=${submit}>
    <input name="id" aria-label="Request id or trace id" placeholder="Request id or trace id" autocomplete="off" spellcheck=${false} />
  </form>`;
}

/** How many alerts fire that somebody should hear of. */
function useFiring() {
  const { answer } = useAnswer("alerts", {}, { every: 15_000 });
  return (answer?.alerts ?? []).filter((one) => one.state === "firing" && !one.inhibited_by && !one.silenced_by).length;
}

function Top({ page, onHelp }) {
  const firing = useFiring();
  const [theme, setTheme] = useState(themeNow);
  useEffect(() => {
    const change = () => setTheme(themeNow());
    addEventListener("spine-theme", change);
    return () => removeEventListener("spine-theme", change);
  }, []);
  const current = (one) => one === page || (one.path === "/requests" && page === OTHERS[0]);
  return html`<header class="top">
    <a class="brand" href="/" aria-label="spine, Overview"><img src="/static/icon.svg" alt="" /><span>spine</span></a>
    <nav class="nav" aria-label="Pages">${PAGES.map((one) => html`<a key=${one.path} href=${one.path}
      aria-current=${current(one) ? "page" : undefined}><${Icon} name=${one.icon} />${one.word}${one.path === "/alerts" && firing > 0 && html`<span class="count">${firing}<span class="unseen"> firing</span></span>`}</a>`)}</nav>
    <span class="space"></span>
    <${GoTo} />
    <button type="button" class="button quiet icon" onClick=${switchTheme} title="Light or dark (t)"
      aria-label=${`Switch to ${theme === "dark" ? "light" : "dark"}`}><${Icon} name=${theme === "dark" ? "sun" : "moon"} /></button>
    <button type="button" class="button quiet icon" onClick=${onHelp} title="Keyboard (?)" aria-label="Keyboard help"><${Icon} name="help" /></button>
  </header>`;
}

function Help({ onClose }) {
  const button = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    button.current?.focus();
    return () => before?.focus?.();
  }, []);
  useKeys({ Escape: onClose, "?": onClose });
  return html`<div class="veil" onClick=${(event) => event.target === event.currentTarget && onClose()}>
    <section class="dialog" role="dialog" aria-modal="true" aria-label="Keyboard">
      <header><h1>Keyboard</h1><button ref=${button} type="button" class="button quiet icon" onClick=${onClose} aria-label="Close"><${Icon} name="close" /></button></header>
      <dl>${HELP.map(([keys, word]) => html`<dt key=${keys}>${keys.split(" ").map((one) => html`<kbd>${one}</kbd> `)}</dt><dd>${word}</dd>`)}</dl>
    </section>
  </div>`;
}

function Shown({ page, route }) {
  const [module, setModule] = useState(null);
  const [broken, resetBroken] = useErrorBoundary();
  useEffect(() => {
    let wanted = true;
    if (broken) resetBroken();
    page.load().then(
      (found) => wanted && setModule({ page, Page: found.default }),
      () => wanted && setModule({ page, Page: NotLoaded }),
    );
    return () => { wanted = false; };
  }, [page, route.path]);
  if (broken) {
    return html`<main id="main" class="main" tabindex="-1"><div class="notice bad-notice" role="alert"><p>
      This page met something it does not understand: ${plain(String(broken.message ?? broken))}. Please report it, with the version from the Health page.</p></div></main>`;
  }
  if (module?.page !== page) return html`<main id="main" class="main" tabindex="-1"><${Bones} /></main>`;
  return html`<${module.Page} route=${route} key=${page === OTHERS[0] ? route.path : page.path} />`;
}

function NotLoaded() {
  return html`<main id="main" class="main" tabindex="-1"><div class="notice bad-notice" role="alert"><p>
    A part of this page could not be fetched. Is the console still running? Start it with <code>spine console</code>, then load this page again.</p></div></main>`;
}

function NotFound() {
  return html`<main id="main" class="main" tabindex="-1"><section class="empty"><h2>There is no such page</h2>
    <p>Try the <a class="link" href="/">Overview</a>, or paste a request id above.</p></section></main>`;
}

function App() {
  const route = useRoute();
  const [help, setHelp] = useState(false);
  const page = pageOf(route.path);
  useEffect(() => {
    document.title = page ? `${page.word} · spine` : "spine";
  }, [page]);
  useKeys({
    "?": () => setHelp(true), t: switchTheme, "g o": () => go("/"), "g r": () => go("/requests"),
    "g l": () => go("/logs"), "g e": () => go("/errors"), "g a": () => go("/alerts"), "g h": () => go("/health"),
  });
  return html`<div onClick=${followLinks}>
    <a class="skip" href="#main">Skip to content</a>
    <${Top} page=${page} onHelp=${() => setHelp(true)} />
    ${page ? html`<${Shown} page=${page} route=${route} />` : html`<${NotFound} />`}
    ${help && html`<${Help} onClose=${() => setHelp(false)} />`}
  </div>`;
}

render(html`<${App} />`, document.getElementById("page"));
