// Overview: every service and route against the time before, what needs eyes first, and what changed.

import { useAnswer } from "../parts/api.js";
import { Chart } from "../parts/chart.js";
import { ago, duration, plain, rate, share, utc } from "../parts/format.js";
import { html, useMemo, useState } from "../parts/html.js";
import { useKeys } from "../parts/keys.js";
import { go, searchUrl, setQuery } from "../parts/router.js";
import { Bars, Line } from "../parts/spark.js";
import { Delta, ErrorShare } from "../parts/delta.js";
import { Bones, Empty, FIRST_STEPS, Service, Trouble } from "../parts/words.js";
import { windowOf, WindowPicker } from "../parts/window_picker.js";

const CHANGES = {
  new_error: ["✗", "New error", "bad"], more_errors: ["↗", "More errors", "bad"], slower: ["↗", "Slower", "warn"],
  faster: ["↘", "Faster", "good"], silent: ["○", "Silent", "warn"], new_route: ["+", "New route", ""], version: ["◆", "Version", ""],
};

function Changes({ changes, since }) {
  if (changes.length === 0) {
    return html`<section class="card changes"><header><h2>What changed</h2></header><p class="pad muted">Nothing that stands out against the time before.</p></section>`;
  }
  return html`<section class="card changes"><header><h2>What changed</h2><span class="faint">against the time before</span></header>
    <ul>${changes.map((change) => {
      const [mark, word, kind] = CHANGES[change.kind] ?? ["·", plain(change.kind), ""];
      return html`<li><a href=${searchUrl("/requests", { q: change.search, since })}><span class=${`badge ${kind}`}><span aria-hidden="true">${mark}</span> ${word}</span>
        <span class="change-text">${plain(change.text)}</span><span class="faint num" title=${utc(change.at_us)}>${ago(change.at_us)}</span></a></li>`;
    })}</ul></section>`;
}

function ServiceCard({ one, chosen, onChoose }) {
  const { now, before } = one;
  return html`<button type="button" class="card service-card" aria-pressed=${chosen} onClick=${onChoose} title=${chosen ? "Show all routes" : "Show its routes only"}>
    <span class="service-top"><b><${Service} name=${one.service} /></b><span class="faint cut">${one.versions.map(plain).join(" · ")}${one.instances > 1 ? ` · ${one.instances} instances` : ""}</span></span>
    <span class="service-figures">
      <span><em>requests/s</em><b class="num">${rate(now.per_second)}</b><${Delta} now=${now.per_second} before=${before.per_second} word="rate" neutral=${true} /></span>
      <span><em>errors</em><b><${ErrorShare} numbers=${now} /></b><${Delta} now=${now.count ? now.errors / now.count : 0} before=${before.count ? before.errors / before.count : 0} word="errors" least=${0.001} /></span>
      <span><em>p50</em><b class="num">${duration(now.p50_us)}</b><${Delta} now=${now.p50_us} before=${before.p50_us} word="median" /></span>
      <span><em>p95</em><b class="num">${duration(now.p95_us)}</b><${Delta} now=${now.p95_us} before=${before.p95_us} word="95th percentile" /></span></span>
    <${Bars} counts=${one.counts} failures=${one.failures} width=${300} height=${34} label=${`requests of ${plain(one.service)} over the window, ${now.errors} failed`} />
    <span class="basis faint">from ${one.basis === "metrics" ? "its metrics, exact" : "the spans that came"}</span>
  </button>`;
}

function Route({ one, chosen, since }) {
  const { now, before } = one;
  const q = [`service:${one.service}`, one.method && `method:${one.method}`, one.route && `route:${one.route}`].filter(Boolean).join(" ");
  const url = searchUrl("/requests", { q, since });
  return html`<tr class=${`opens ${chosen ? "chosen" : ""}`} onClick=${(event) => event.target.closest("a") || go(url)}>
    <td class="route-cell"><a href=${url}><span class="method">${plain(one.method)}</span> <b>${plain(one.route)}</b></a></td>
    <td class="wide-only"><${Service} name=${one.service} /></td>
    <td class="right num">${rate(now.per_second)}</td>
    <td class="spark-cell narrow-not"><${Bars} counts=${one.counts} failures=${one.failures} label=${`${now.count} requests, ${now.errors} failed`} /></td>
    <td class="right num"><${ErrorShare} numbers=${now} /><${Delta} now=${now.count ? now.errors / now.count : 0} before=${before.count ? before.errors / before.count : 0} word="errors" least=${0.001} /></td>
    <td class="right num narrow-not">${duration(now.p50_us)}</td>
    <td class="right num">${duration(now.p95_us)}<${Delta} now=${now.p95_us} before=${before.p95_us} word="95th percentile" /></td>
    <td class="right num narrow-not">${duration(now.p99_us)}</td>
    <td class="spark-cell narrow-not"><${Line} values=${one.p95_us} label="95th percentile over the window" /></td>
    <td class="faint wide-only" title=${one.basis === "metrics" ? "counted by the service itself: exact, whatever was sampled" : "counted from the spans that came"}>${one.basis}</td>
  </tr>`;
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
  const { since, until } = windowOf(query);
  const only = query.get("service") ?? "";
  const { answer, error } = useAnswer("overview", { since, until }, { every: until ? 0 : 10_000 });
  const series = useSeries(answer);
  const [chosen, setChosen] = useState(-1);
  const routes = (answer?.routes ?? []).filter((one) => !only || one.service === only);
  useKeys({
    j: () => setChosen((at) => Math.min(routes.length - 1, at + 1)), k: () => setChosen((at) => Math.max(0, at - 1)),
    Enter: () => {
      const one = routes[chosen];
      return one ? go(searchUrl("/requests", { q: `service:${one.service} method:${one.method} route:${one.route}`, since })) : false;
    },
    Escape: () => (only ? setQuery({ service: "" }) : false),
  });
  const stretch = (from, to) => go(searchUrl("/requests", { since: String(from), until: String(to) }));
  const empty = answer && answer.services.length === 0;
  return html`<main id="main" class="main" tabindex="-1">
    <header class="head"><h1>Overview</h1>${answer && !empty && html`<span class="faint">each number against the ${until ? "stretch" : since} before</span>`}
      <span class="space"></span><${WindowPicker} query=${query} /></header>
    <${Trouble} error=${error} />
    ${!answer && !error && html`<div class="card"><${Bones} lines=${12} /></div>`}
    ${empty && html`<${Empty} title="Nothing has arrived in this window" steps=${FIRST_STEPS}><p>This page fills by itself as soon as a service sends something. Any of these will do:</p><//>`}
    ${answer && !empty && html`
      <div class="overview-top">
        <div class="services">${answer.services.map((one) => html`<${ServiceCard} key=${one.service} one=${one} chosen=${only === one.service}
          onChoose=${() => setQuery({ service: only === one.service ? "" : one.service })} />`)}</div>
        <${Changes} changes=${answer.changes} since=${since} />
      </div>
      <div class="charts"><${Chart} title="Requests a second, by service" times=${series.times} series=${series.rates} format=${(n) => rate(n ?? 0)} onStretch=${stretch} />
        <${Chart} title="95th percentile, by service" times=${series.times} series=${series.slow} format=${(us) => (us === null ? "–" : duration(us))} onStretch=${stretch} /></div>
      <section class="card routes"><header><h2>Routes</h2><span class="faint num">${routes.length}${only ? html` of <${Service} name=${only} />` : ", what needs eyes first"}</span></header>
        <div class="scrolls"><table class="grid"><caption class="unseen">Routes with rate, errors and durations</caption><thead><tr><th scope="col">Route</th><th scope="col" class="wide-only">Service</th><th scope="col" class="right">Requests/s</th><th scope="col" class="narrow-not"><span class="unseen">requests over time</span></th>
          <th scope="col" class="right">Errors</th><th scope="col" class="right narrow-not">p50</th><th scope="col" class="right">p95</th><th scope="col" class="right narrow-not">p99</th><th scope="col" class="narrow-not"><span class="unseen">p95 over time</span></th><th scope="col" class="wide-only">From</th></tr></thead>
          <tbody>${routes.map((one, at) => html`<${Route} key=${`${one.service} ${one.method} ${one.route}`} one=${one} chosen=${at === chosen} since=${since} />`)}</tbody></table></div></section>`}
  </main>`;
}
