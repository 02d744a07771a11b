// Errors: failures that are one failure, most recent first.

import { useAnswer } from "../parts/api.js";
import { ago, count, oneLine, plain, utc } from "../parts/format.js";
import { html, useState } from "../parts/html.js";
import { useKeys } from "../parts/keys.js";
import { go, requestUrl, searchUrl, setQuery } from "../parts/router.js";
import { Bars } from "../parts/spark.js";
import { Bones, Service, Trouble } from "../parts/words.js";
import { windowOf, WindowPicker } from "../parts/window_picker.js";

function urlOf(group) {
  const id = group.request_id || group.trace_id;
  return id ? requestUrl(id) : searchUrl("/requests", { q: `failed:yes service:${group.service}` });
}

function Group({ group, chosen, since }) {
  const url = urlOf(group);
  return html`<tr class=${`opens ${chosen ? "chosen" : ""}`} onClick=${(event) => event.target.closest("a") || go(url)}>
    <td class="error-what"><a href=${url}><span class="bad" aria-hidden="true">✗ </span><b>${oneLine(group.type, 80)}</b>
      ${group.new && html` <span class="badge bad">new</span>`}
      <span class="error-message">${oneLine(group.message, 220)}</span>
      <span class="mono faint error-where">${oneLine(group.where, 120)}</span></a></td>
    <td><${Service} name=${group.service} /><div class="faint mono cut">${oneLine(group.route, 60)}</div></td>
    <td class="right num strong">×${count(group.count)}</td>
    <td class="spark-cell"><${Bars} counts=${group.counts} failures=${group.counts} label=${`${group.count} times over the window`} /></td>
    <td class="num" title=${utc(group.last_us)}>${ago(group.last_us)}</td>
    <td class="num faint narrow-not" title=${utc(group.first_us)}>${ago(group.first_us)}</td>
    <td><a class="link" href=${searchUrl("/requests", { q: group.search, since })}>all</a></td>
  </tr>`;
}

/** The page. */
export default function Errors({ route }) {
  const { query } = route;
  const { since, until } = windowOf(query, "24h");
  const service = query.get("service") ?? "";
  const { answer, error } = useAnswer("errors", { since, until, service }, { every: until ? 0 : 10_000 });
  const [chosen, setChosen] = useState(-1);
  const groups = answer?.errors ?? [];
  useKeys({
    j: () => setChosen((at) => Math.min(groups.length - 1, at + 1)), k: () => setChosen((at) => Math.max(0, at - 1)),
    Enter: () => (groups[chosen] ? go(urlOf(groups[chosen])) : false), Escape: () => (service ? setQuery({ service: "" }) : false),
  });
  const fresh = groups.filter((group) => group.new).length;
  const services = [...new Set(groups.map((group) => group.service))];
  return html`<main id="main" class="main" tabindex="-1">
    <header class="head"><h1>Errors</h1>${answer && html`<span class="faint num" role="status">${groups.length} kinds${fresh ? `, ${fresh} new` : ""}</span>`}
      <span class="space"></span>
      ${(services.length > 1 || service) && html`<div class="choice" role="group" aria-label="Service">
        <button type="button" aria-pressed=${!service} onClick=${() => setQuery({ service: "" })}>all</button>
        ${(service ? [service] : services.slice(0, 6)).map((one) => html`<button type="button" key=${one} aria-pressed=${one === service} onClick=${() => setQuery({ service: one })}>${oneLine(one, 24)}</button>`)}</div>`}
      <${WindowPicker} query=${query} usual="24h" /></header>
    <${Trouble} error=${error} />
    ${!answer && !error && html`<div class="card"><${Bones} lines=${9} /></div>`}
    ${answer && groups.length === 0 && html`<section class="empty"><h2>No failure in this window</h2>
      <p>Requests that end with 5xx or an exception gather here, the same failure in one row, however often it came.</p></section>`}
    ${groups.length > 0 && html`<section class="card errors"><div class="scrolls"><table class="grid errors-table"><caption class="unseen">Failures, most recent first</caption>
      <thead><tr><th scope="col">What</th><th scope="col">Where</th><th scope="col" class="right">Times</th><th scope="col"><span class="unseen">over time</span></th><th scope="col">Last</th><th scope="col">First</th><th scope="col"><span class="unseen">all of its requests</span></th></tr></thead>
      <tbody>${groups.map((group, at) => html`<${Group} key=${group.fingerprint + group.service + group.route} group=${group} chosen=${at === chosen} since=${since} />`)}</tbody></table></div></section>
      <p class="faint below">A row opens the newest request of its kind. The same exception from the same functions is one kind; line numbers do not count.</p>`}
  </main>`;
}
