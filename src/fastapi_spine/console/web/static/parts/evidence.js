// What was seen when an alert began to fire: the worst routes, offending requests, failures, and what had changed.

import { duration, oneLine, plain, share } from "./format.js";
import { html, useState } from "./html.js";
import { requestUrl, searchUrl } from "./router.js";
import { Status, Time } from "./words.js";

const many = (list, word) => `${list.length} ${word}${list.length === 1 ? "" : "s"}`;

function Part({ title, children }) {
  return html`<section><h3>${title}</h3><ul>${children}</ul></section>`;
}

/** The evidence; folded until asked for, unless `open`. */
export function Told({ evidence, service, open = false }) {
  const [shown, setShown] = useState(open);
  const { routes, requests, errors, changes } = evidence;
  return html`<div class="evidence">
    ${!open && html`<button type="button" class="button small" aria-expanded=${shown} onClick=${() => setShown(!shown)}>${shown ? "Hide evidence" : `Evidence: ${many(requests, "request")}, ${many(errors, "failure")}, ${many(changes, "change")}`}</button>`}
    ${shown && html`<div class="evidence-parts">
      ${routes.length > 0 && html`<${Part} title="Worst routes">${routes.map((one) => html`<li><a class="link" href=${searchUrl("/requests", { q: `service:${service} route:${one.route}` })}><span class="method">${plain(one.method)}</span> ${plain(one.route)}</a>
        <span class="num">${share(one.bad, one.total)}</span></li>`)}<//>`}
      ${requests.length > 0 && html`<${Part} title="Offending requests">${requests.map((row) => html`<li key=${row.span_id}><a class="link" href=${requestUrl(row.request_id || row.trace_id)}><${Status} row=${row} /> <${Time} us=${row.start_us} /> ${plain(row.route || row.path)}</a>
        <span class="num">${duration(row.duration_us)}</span></li>`)}<//>`}
      ${errors.length > 0 && html`<${Part} title="Failures">${errors.map((one) => html`<li key=${one.fingerprint}><a class="link" href=${requestUrl(one.request_id || one.trace_id)}><b>${oneLine(one.type, 60)}</b></a>
        <span class="cut muted">${oneLine(one.message, 120)}</span>${one.search ? html`<a class="link num" href=${searchUrl("/requests", { q: one.search })}>×${one.count}</a>` : html`<span class="num">×${one.count}</span>`}</li>`)}<//>`}
      ${changes.length > 0 && html`<${Part} title="What had changed">${changes.map((one) => html`<li><a class="link" href=${searchUrl("/requests", { q: one.search })}>${plain(one.text)}</a></li>`)}<//>`}
    </div>`}</div>`;
}
