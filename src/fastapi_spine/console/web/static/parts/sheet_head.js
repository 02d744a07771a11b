// What stands above a request's waterfall: its facts, where its time went, its place among its like, what went wrong.

import { Copy } from "./copy.js";
import { serviceClass } from "./colour.js";
import { duration, oneLine, plain, share } from "./format.js";
import { Histogram } from "./histogram.js";
import { html, useState } from "./html.js";
import { Icon } from "./icons.js";
import { requestUrl } from "./router.js";
import { Stack } from "./stack.js";
import { save } from "./trace_file.js";
import { Service, Status, Time } from "./words.js";

// Told elsewhere on the sheet, in a better place than a list of facts.
const TOLD = new Set(["request", "status", "error", "cause", "took", "among its route", "time went to", "repeated", "started", "request id", "route"]);
const MOST_HOLDERS = 4;

/** Status, name, and what can be done with the whole. */
export function Head({ view }) {
  const { request } = view;
  const id = request?.request_id || view.trace_id;
  const title = request ? `${request.method} ${request.route || request.path}` : view.spans[0]?.title ?? "trace";
  return html`<header class="head sheet-head">
    ${request && html`<span class=${`badge big ${request.failed ? "bad" : ""}`}><${Status} row=${request} /></span>`}
    <h1 class="cut" title=${plain(request?.path ?? "")}>${plain(title)}</h1>
    ${request && html`<${Service} name=${request.service} />`}
    <span class="space"></span>
    <${Copy} text=${id} word="Copy id" label="Copy the request id (c)" />
    <button type="button" class="button" onClick=${() => save(view)} title="One file with everything on this page; any console opens it"><${Icon} name="download" />Download</button>
  </header>`;
}

function Held({ holders, onShow }) {
  const { holders: all, of } = holders;
  if (all.length < 2 || of <= 0) return null;
  const shown = all.slice(0, MOST_HOLDERS).filter((one) => one.us > of * 0.02);
  const rest = of - shown.reduce((sum, one) => sum + one.us, 0);
  let at = 0;
  const parts = shown.map((one, place) => {
    const part = { ...one, left: at, wide: (one.us / of) * 100, kind: `${serviceClass(one.service)} held-${place}` };
    at += part.wide;
    return part;
  });
  return html`<section class="held" aria-label="Where the time went"><h3>time went to</h3>
    <svg class="held-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="meter-all" width="100" height="6" />
      ${parts.map((one) => html`<rect key=${one.service + one.title} class=${`held-part ${one.kind}`} x=${one.left} width=${Math.max(0.2, one.wide - 0.25)} height="6" />`)}</svg>
    <ol>${parts.map((one) => html`<li key=${one.service + one.title}><button type="button" onClick=${() => onShow(one.longest)} title="Show the longest in the waterfall">
      <i class=${`held-dot ${one.kind}`}></i><span class="cut">${oneLine(one.title, 80)}${one.times > 1 ? ` ×${one.times}` : ""}</span>
      <b class="num">${duration(one.us)}</b><span class="faint num">${share(one.us, of)}</span></button></li>`)}
      ${rest > of * 0.02 && html`<li class="faint num">the rest ${duration(rest)}</li>`}</ol>
  </section>`;
}

/** The card of facts. `holders` as `holdersOf` gives them. */
export function Facts({ view, holders, onShow }) {
  const { request } = view;
  const more = Object.entries(view.facts).filter(([name, value]) => !TOLD.has(name) && value !== request?.service);
  return html`<div class="sheet-facts">
    <div class="told">
      <dl class="facts">
        <div><dt>took</dt><dd class="num strong">${duration(request?.duration_us ?? view.duration_us)}</dd></div>
        <div><dt>began</dt><dd><${Time} us=${request?.start_us ?? view.start_us} /></dd></div>
        ${request?.outcome && html`<div><dt>outcome</dt><dd>${plain(request.outcome)}</dd></div>`}
        ${request?.route && request.path !== request.route && html`<div><dt>path</dt><dd class="mono cut" title=${plain(request.path)}>${oneLine(request.path, 80)}</dd></div>`}
        ${request?.request_id && html`<div><dt>request id</dt><dd class="mono">${plain(request.request_id)} <${Copy} text=${request.request_id} label="Copy the request id" /></dd></div>`}
        <div><dt>trace id</dt><dd class="mono">${plain(view.trace_id)} <${Copy} text=${view.trace_id} label="Copy the trace id" /></dd></div>
        ${more.map(([name, value]) => html`<div key=${name}><dt>${plain(name)}</dt><dd class="cut" title=${plain(value)}>${oneLine(value, 120)}</dd></div>`)}
      </dl>
      <${Held} holders=${holders} onShow=${onShow} />
    </div>
    ${view.peers && request && html`<${Histogram} spread=${view.peers} took=${request.duration_us} slower=${view.slower_than} />`}
  </div>`;
}

/** What went wrong, with its stack. */
export function Cause({ cause, onShow }) {
  const [open, setOpen] = useState(false);
  if (!cause) return null;
  return html`<section class="notice bad-notice cause" aria-label="What went wrong">
    <span class="bad" aria-hidden="true">✗</span>
    <p><b>${oneLine(cause.type, 120)}</b>${cause.message && html`: ${oneLine(cause.message, 300)}`}
      ${cause.span && html` <span class="muted">in ${plain(cause.span.service)}, ${oneLine(cause.span.title, 80)}</span>`}
      ${open && cause.stack && html`<${Stack} text=${cause.stack} />`}</p>
    ${cause.stack && html`<button type="button" class="button small" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? "Hide stack" : "Stack"}</button>`}
    ${cause.span && html`<button type="button" class="button small" onClick=${onShow} title="Next error (e)">Show in waterfall</button>`}
  </section>`;
}

/** What else there is to know before looking: repeated calls, a repeated id, spans left out. */
export function Notes({ view, repeated, onRepeated }) {
  return html`
    ${repeated && html`<div class="notice warn-notice"><span class="warn" aria-hidden="true">!</span><p><b>Repeated:</b> ${plain(repeated)}</p>
      <button type="button" class="button small" onClick=${onRepeated}>Show in waterfall</button></div>`}
    ${view.others.length > 0 && html`<div class="notice warn-notice"><p>This request id came more than once. Others with it:
      ${view.others.slice(0, 5).map((id) => html` <a class="link mono" key=${id} href=${requestUrl(id)}>${plain(id).slice(0, 12)}…</a>`)}</p></div>`}
    ${view.cut > 0 && html`<div class="notice warn-notice"><p>${view.cut.toLocaleString("en-US")} spans are left out: this trace has more than can be shown. Failures, requests and the longest calls are here.</p></div>`}`;
}

/** Every request of a trace that holds several, each with its way there. */
export function Hops({ view, current }) {
  return html`<ol class="hops" aria-label="Requests of this trace">${view.requests.slice(0, 60).map((row) => html`<li key=${row.span_id}>
    <a href=${requestUrl(row.request_id || row.trace_id)} aria-current=${row.span_id === current ? "true" : undefined}><${Status} row=${row} />
      <span class="method">${plain(row.method)}</span> <b>${plain(row.route || row.path)}</b> <${Service} name=${row.service} /> <span class="num faint">${duration(row.duration_us)}</span></a></li>`)}</ol>`;
}
