// One span whole: its times, what it says of itself, what happened in it, what it wrote.

import { Attributes } from "./attributes.js";
import { Copy } from "./copy.js";
import { duration, oneLine, plain, share } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { requestUrl } from "./router.js";
import { Stack } from "./stack.js";
import { Level, Service } from "./words.js";

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"];

function Event({ event, span }) {
  const { "exception.stacktrace": stack, ...rest } = event.attributes;
  return html`<li><p><b>${plain(event.name)}</b> <span class="faint num">+${duration(event.at_us - span.start_us)} after its beginning</span></p>
    <${Attributes} of=${rest} page="" />
    ${stack && html`<header class="panel-line"><h3>Stack</h3><${Copy} text=${String(stack)} label="Copy the stack" /></header><${Stack} text=${stack} />`}</li>`;
}

function Lines({ lines, start, span }) {
  return html`<section><h3>Log lines</h3><ol class="panel-lines">${lines.slice(0, 200).map((line) => html`<li key=${line.cursor}>
    <p><${Level} line=${line} /> <span class="faint num">+${duration(line.at_us - start - span.start_us)}</span> ${line.held && html`<span class="badge">held</span>`}</p>
    <pre>${plain(line.message)}</pre>
    ${line.stack && html`<${Stack} text=${line.stack} />`}
    ${Object.keys(line.attributes).length > 0 && html`<details><summary>${Object.keys(line.attributes).length} fields</summary><${Attributes} of=${line.attributes} page="/logs" /></details>`}</li>`)}</ol></section>`;
}

function Frame({ title, children, onClose }) {
  return html`<aside class="panel" aria-label="Details">
    <header class="panel-head">${title}<span class="space"></span>
      <button type="button" class="button quiet small icon" onClick=${onClose} aria-label="Close (Esc)"><${Icon} name="close" /></button></header>
    <div class="panel-body">${children}</div></aside>`;
}

/** Details of a span. */
export function SpanPanel({ node, view, base, onClose }) {
  const { span, lines } = node;
  const title = html`<h2 class="cut" title=${plain(span.title)}>${span.failed && html`<b class="bad">✗ </b>`}${oneLine(span.title, 160)}</h2>`;
  return html`<${Frame} title=${title} onClose=${onClose}>
    ${span.failed && html`<p class="bad">Failed${span.status_message ? `: ${plain(span.status_message)}` : ""}</p>`}
    <div class="figures"><div><b class="num">${duration(span.duration_us)}</b><span>total</span></div>
      <div><b class="num">${duration(span.self_us)}</b><span>self, ${share(span.self_us, span.duration_us)}</span></div>
      <div><b class="num">+${duration(span.start_us - base)}</b><span>began</span></div></div>
    <dl class="facts-list"><dt>service</dt><dd><${Service} name=${span.service} /></dd>
      <dt>name</dt><dd class="mono">${plain(span.name)}</dd>
      <dt>kind</dt><dd>${KINDS[span.kind] ?? span.kind}${span.critical ? ", on the critical path" : ""}</dd>
      ${span.scope && html`<dt>made by</dt><dd class="mono">${plain(span.scope)}</dd>`}
      <dt>span id</dt><dd class="mono">${plain(span.span_id)} <${Copy} text=${span.span_id} label="Copy the span id" /></dd>
      ${span.request_id && html`<dt>request id</dt><dd><a class="link mono" href=${requestUrl(span.request_id)}>${plain(span.request_id)}</a></dd>`}</dl>
    ${span.events.length > 0 && html`<section><h3>Events</h3><ol class="panel-lines">${span.events.map((event) => html`<${Event} event=${event} span=${span} />`)}</ol></section>`}
    <section><h3>Attributes</h3><${Attributes} of=${span.attributes} /></section>
    ${lines.length > 0 && html`<${Lines} lines=${lines} start=${view.start_us} span=${span} />`}
    ${span.links.length > 0 && html`<section><h3>Links</h3><ul>${span.links.map((id) => html`<li><a class="link mono" href=${requestUrl(id)}>${plain(id)}</a></li>`)}</ul></section>`}
  <//>`;
}

/** Details of repeated calls. */
export function GroupPanel({ row, onClose }) {
  const spans = row.nodes.map(({ span }) => span);
  const total = spans.reduce((sum, span) => sum + span.duration_us, 0);
  const sorted = [...spans].sort((a, b) => a.duration_us - b.duration_us);
  const begins = Math.min(...spans.map((span) => span.start_us));
  const ends = Math.max(...spans.map((span) => span.start_us + span.duration_us));
  const inTurn = spans.every((span, at) => at === 0 || span.start_us >= spans[at - 1].start_us + spans[at - 1].duration_us - 1);
  const title = html`<h2 class="cut">${oneLine(spans[0].title, 120)} <span class="badge">×${spans.length}</span></h2>`;
  return html`<${Frame} title=${title} onClose=${onClose}>
    <p>${spans.length} calls ${inTurn ? "one after another" : "that partly overlap"}, ${duration(total)} together, over ${duration(ends - begins)}.
      ${inTurn && spans[0].kind === 3 && " One call for all of them, or several at once, would save most of it."}</p>
    <div class="figures"><div><b class="num">${duration(sorted[0].duration_us)}</b><span>quickest</span></div>
      <div><b class="num">${duration(sorted[Math.floor(sorted.length / 2)].duration_us)}</b><span>median</span></div>
      <div><b class="num">${duration(sorted.at(-1).duration_us)}</b><span>slowest</span></div></div>
    <section><h3>Attributes of the first</h3><${Attributes} of=${spans[0].attributes} /></section>
  <//>`;
}

/** Details of a log line inside a request. */
export function RowLinePanel({ line, start, onClose }) {
  const title = html`<div><${Level} line=${line} /> <${Service} name=${line.service} /></div>`;
  return html`<${Frame} title=${title} onClose=${onClose}>
    <pre class="message-whole">${plain(line.message)}</pre>
    <dl class="facts-list"><dt>at</dt><dd class="num">+${duration(line.at_us - start)}</dd><dt>logger</dt><dd class="mono">${plain(line.logger)}</dd>
      ${line.held && html`<dt>held back</dt><dd>written because the request failed or was slow</dd>`}</dl>
    ${line.stack && html`<section><header class="panel-line"><h3>Stack</h3><${Copy} text=${line.stack} label="Copy the stack" /></header><${Stack} text=${line.stack} /></section>`}
    <section><h3>Fields</h3><${Attributes} of=${line.attributes} page="/logs" /></section>
  <//>`;
}
