// Overview: every service and route against the time before, what needs eyes first, and what changed.

import { useAnswer } from "../parts/api.js";
import { Chart } from "../parts/chart.js";
import { ago, duration, figure, plain, utc } from "../parts/format.js";
import { html, useEffect, useMemo, useState } from "../parts/html.js";
import { useKeys } from "../parts/keys.js";
import { go, searchUrl, setQuery } from "../parts/router.js";
import { NumberCells, NumberHeads } from "../parts/numbers.js";
import { Bones, Service, Trouble, Unsent } from "../parts/words.js";
import { windowOf, WindowPicker } from "../parts/window_picker.js";

const QUARTER_US = 900e6;
const CHANGES = new Map(Object.entries({
  new_error: ["✗", "New error", "bad"], more_errors: ["↗", "More errors", "bad"], slower: ["↗", "Slower", "warn"],
  faster: ["↘", "Faster", "good"], silent: ["○", "Silent", "warn"], new_route: ["+", "New route", ""], version: ["◆", "Version", ""],
}));

function Changes({ changes, since }) {
  if (changes.length === 0) {
    return html`<section class="card changes"><header><h2>What changed</h2></header><p class="pad muted">Nothing that stands out against the time before.</p></section>`;
  }
  return html`<section class="card changes"><header><h2>What changed</h2><span class="faint">against the time before</span></header>
    <ul>${changes.map((change) => {
      const [mark, word, kind] = CHANGES.get(change.kind) ?? ["·", plain(change.kind), ""];
      return html`<li><a href=${searchUrl("/requests", { q: change.search, since })}><span class=${`badge ${kind}`}><span aria-hidden="true">${mark}</span> ${word}</span>
        <span class="change-text">${plain(change.text)}</span><span class="faint num" title=${utc(change.at_us)}>${ago(change.at_us)}</span></a></li>`;
    })}</ul></section>`;
}

function ServiceRow({ one, chosen, onChoose }) {
  const versions = one.versions.map(plain).join(" · ");
  return html`<tr class=${`opens ${chosen ? "chosen" : ""}`} onClick=${onChoose}>
    <td class="route-cell"><button type="button" class="plain" aria-pressed=${chosen} title=${chosen ? "Show all routes" : "Show its routes only"}><b><${Service} name=${one.service} /></b></button>
      <span class="faint">${versions}${versions && one.instances > 1 ? ", " : ""}${one.instances > 1 ? `${one.instances} instances` : ""}</span></td>
    <${NumberCells} one=${one} />
  </tr>`;
}

function Route({ one, chosen, since }) {
  const url = searchUrl("/requests", { q: searchOf(one), since });
  return html`<tr class=${`opens ${chosen ? "chosen" : ""}`} onClick=${(event) => event.target.closest("a") || go(url)}>
    <td class="route-cell"><a href=${url}><span class="method">${plain(one.method)}</span> ${one.route || !one.method ? html`<b>${plain(one.route)}</b>` : html`<span class="faint">no route</span>`}</a> <span class="in-service"><${Service} name=${one.service} /></span></td>
    <${NumberCells} one=${one} />
  </tr>`;
}

function searchOf(one) {
  // What met no route has a method only; what counts the rest together has neither.
  const route = one.route ? `route:${one.route}` : one.method && "-route:*";
  return [`service:${one.service}`, one.method && `method:${one.method}`, route].filter(Boolean).join(" ");
}

/** Whether nothing came before the last quarter hour: a shorter window shows such a beginning better. */
function young(answer) {
  const steps = Math.ceil(QUARTER_US / answer.step_us) + 1;
  const quiet = (one) => one.before.count === 0 && one.counts.slice(0, -steps).every((n) => n === 0);
  return answer.services.length > 0 && answer.services.every(quiet);
}

function useSeries(answer) {
  return useMemo(() => {
    if (!answer) return null;
    const steps = answer.services[0]?.counts.length ?? 0;
    const seconds = answer.step_us / 1e6;
    const times = Array.from({ length: steps }, (_, at) => answer.start_us / 1e6 + at * seconds);
    const named = (pick) => answer.services.slice(0, 12).map((one) => ({ name: plain(one.service), values: pick(one) }));
    return {
      times, rates: named((one) => one.counts.map((n) => n / seconds)), slow: named((one) => one.p95_us.map((us) => us ?? null)),
    };
  }, [answer]);
}

/** The page. */
export default function Overview({ route }) {
  const { query } = route;
  const [usual, setUsual] = useState("1h");
  const { since, until } = windowOf(query, usual);
  const only = query.get("service") ?? "";
  const { answer, error } = useAnswer("overview", { since, until }, { every: until ? 0 : 10_000 });
  useEffect(() => {
    if (answer && usual === "1h" && !query.get("since") && young(answer)) setUsual("15m");
  }, [answer]);
  const series = useSeries(answer);
  const [chosen, setChosen] = useState(-1);
  const routes = (answer?.routes ?? []).filter((one) => !only || one.service === only);
  useKeys({
    j: () => setChosen((at) => Math.min(routes.length - 1, at + 1)), k: () => setChosen((at) => Math.max(0, at - 1)),
    Enter: () => (routes[chosen] ? go(searchUrl("/requests", { q: searchOf(routes[chosen]), since })) : false),
    Escape: () => (only ? setQuery({ service: "" }) : false),
  });
  const stretch = (from, to) => go(searchUrl("/requests", { since: String(from), until: String(to) }));
  const empty = answer && answer.services.length === 0;
  return html`<main id="main" class="main" tabindex="-1">
    <header class="head"><h1>Overview</h1>${answer && !empty && html`<span class="faint">each number against the ${until ? "stretch" : since} before</span>`}
      <span class="space"></span><${WindowPicker} query=${query} usual=${usual} /></header>
    <${Trouble} error=${error} />
    ${!answer && !error && html`<div class="card"><${Bones} lines=${12} /></div>`}
    ${empty && html`<${Unsent} title="Nothing has arrived in this window"><p>This page fills by itself as soon as a service sends something. Any of these will do:</p><//>`}
    ${answer && !empty && html`
      <section class="card routes services"><div class="scrolls"><table class="grid"><caption class="unseen">Services with rate, errors and durations</caption>
        <thead><tr><th scope="col">Service</th><${NumberHeads} /></tr></thead>
        <tbody>${answer.services.map((one) => html`<${ServiceRow} key=${one.service} one=${one} chosen=${only === one.service}
          onChoose=${() => setQuery({ service: only === one.service ? "" : one.service })} />`)}</tbody></table></div></section>
      <div class="charts"><${Chart} title="Requests a second" times=${series.times} series=${series.rates} format=${(n) => figure(n ?? 0)} onStretch=${stretch} />
        <${Chart} title="95th percentile" times=${series.times} series=${series.slow} format=${(us) => (us === null ? "–" : duration(us))} onStretch=${stretch} />
        <${Changes} changes=${answer.changes} since=${since} /></div>
      <section class="card routes"><header><h2>Routes</h2><span class="faint num">${routes.length}${only ? html` of <${Service} name=${only} />` : ", what needs eyes first"}</span></header>
        <div class="scrolls"><table class="grid"><caption class="unseen">Routes with rate, errors and durations</caption><thead><tr><th scope="col">Route</th><${NumberHeads} /></tr></thead>
          <tbody>${routes.map((one, at) => html`<${Route} key=${`${one.service} ${one.method} ${one.route}`} one=${one} chosen=${at === chosen} since=${since} />`)}</tbody></table></div></section>`}
  </main>`;
}
