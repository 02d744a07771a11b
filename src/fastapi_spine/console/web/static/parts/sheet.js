// One request on one sheet: facts, its place among its like, the waterfall with its log lines, details.

import { Copy } from "./copy.js";
import { duration, oneLine, plain } from "./format.js";
import { Histogram } from "./histogram.js";
import { html, useEffect, useMemo, useState } from "./html.js";
import { Icon } from "./icons.js";
import { useKeys } from "./keys.js";
import { copyText } from "./copy.js";
import { requestUrl } from "./router.js";
import { GroupPanel, RowLinePanel, SpanPanel } from "./span_panel.js";
import { save } from "./trace_file.js";
import { causeOf, failuresOf, rowsOf, treeOf, unfoldedTo } from "./tree.js";
import { Waterfall } from "./waterfall.js";
import { Level, Service, Status, Time } from "./words.js";

function Head({ view }) {
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

function Facts({ view }) {
  const { request } = view;
  const shown = Object.entries(view.facts);
  return html`<div class="sheet-facts">
    <dl class="facts">
      <div><dt>duration</dt><dd class="num strong">${duration(request?.duration_us ?? view.duration_us)}</dd></div>
      <div><dt>began</dt><dd><${Time} us=${request?.start_us ?? view.start_us} /></dd></div>
      ${request?.outcome && html`<div><dt>outcome</dt><dd>${plain(request.outcome)}</dd></div>`}
      <div><dt>path</dt><dd class="mono cut" title=${plain(request?.path ?? "")}>${oneLine(request?.path ?? "–", 80)}</dd></div>
      ${request?.request_id && html`<div><dt>request id</dt><dd class="mono">${plain(request.request_id)}</dd></div>`}
      <div><dt>trace id</dt><dd class="mono">${plain(view.trace_id)} <${Copy} text=${view.trace_id} label="Copy the trace id" /></dd></div>
      ${shown.map(([name, value]) => html`<div key=${name}><dt>${plain(name)}</dt><dd class="cut" title=${plain(value)}>${oneLine(value, 120)}</dd></div>`)}
    </dl>
    ${view.peers && request && html`<${Histogram} spread=${view.peers} took=${request.duration_us} slower=${view.slower_than} />`}
  </div>`;
}

function Cause({ cause, onShow }) {
  const [open, setOpen] = useState(false);
  if (!cause) return null;
  return html`<section class="notice bad-notice cause" aria-label="What went wrong">
    <span class="bad" aria-hidden="true">✗</span>
    <p><b>${oneLine(cause.type, 120)}</b>${cause.message && html`: ${oneLine(cause.message, 300)}`}
      ${cause.span && html` <span class="muted">in ${plain(cause.span.service)}, ${oneLine(cause.span.title, 80)}</span>`}
      ${open && cause.stack && html`<pre class="stack" tabindex="0">${plain(cause.stack)}</pre>`}</p>
    ${cause.stack && html`<button type="button" class="button small" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? "Hide stack" : "Stack"}</button>`}
    ${cause.span && html`<button type="button" class="button small" onClick=${onShow} title="Next error (e)">Show in waterfall</button>`}
  </section>`;
}

function Others({ view }) {
  const more = view.requests.length > 1 ? view.requests : [];
  return html`
    ${view.others.length > 0 && html`<div class="notice warn-notice"><p>This request id came more than once. Others with it:
      ${view.others.slice(0, 5).map((id) => html` <a class="link mono" key=${id} href=${requestUrl(id)}>${plain(id).slice(0, 12)}…</a>`)}</p></div>`}
    ${view.cut > 0 && html`<div class="notice warn-notice"><p>${view.cut.toLocaleString("en-US")} spans are left out: this trace has more than can be shown. Failures, requests and the longest calls are here.</p></div>`}
    ${more.length > 0 && html`<ol class="hops" aria-label="Requests of this trace">${more.map((row) => html`<li key=${row.span_id}>
      <${Service} name=${row.service} /> <${Status} row=${row} /> <span class="num faint">${duration(row.duration_us)}</span></li>`)}</ol>`}`;
}

function LogList({ view }) {
  if (view.logs.length === 0) return html`<p class="pad muted">This request wrote no line that came here.</p>`;
  return html`<ol class="said-list" tabindex="0" aria-label="Log lines by time">${view.logs.slice(0, 2000).map((line) => html`<li key=${line.cursor}>
    <span class="num faint">+${duration(line.at_us - view.start_us)}</span><${Level} line=${line} /><${Service} name=${line.service} />
    <div><pre>${plain(line.message)}</pre>${line.stack && html`<pre class="stack">${plain(line.stack)}</pre>`}</div></li>`)}</ol>`;
}

function Json({ view }) {
  const text = useMemo(() => JSON.stringify(view, null, 2), [view]);
  const most = 400_000;
  return html`<div class="json"><div class="bar-line"><${Copy} text=${text} word="Copy all" label="Copy all" />
    ${text.length > most && html`<span class="muted">The first ${most / 1000} kB; Download has all ${Math.round(text.length / 1000)} kB.</span>`}</div>
    <pre tabindex="0">${plain(text.slice(0, most))}</pre></div>`;
}

function Panel({ row, view, onClose }) {
  if (!row) return null;
  if (row.kind === "span") return html`<${SpanPanel} key=${row.key} node=${row.node} view=${view} onClose=${onClose} />`;
  if (row.kind === "group") return html`<${GroupPanel} key=${row.key} row=${row} onClose=${onClose} />`;
  return html`<${RowLinePanel} key=${row.key} line=${row.line} start=${view.start_us} onClose=${onClose} />`;
}

/** The sheet. */
export function Sheet({ view }) {
  const tree = useMemo(() => treeOf(view), [view]);
  const failures = useMemo(() => failuresOf(view), [view]);
  const cause = useMemo(() => causeOf(view), [view]);
  const whole = { from: 0, to: Math.max(view.duration_us, ...view.spans.slice(0, 1).map((span) => span.start_us + span.duration_us), 1) };
  const [turned, setTurned] = useState(() => new Set());
  const [shown, setShown] = useState("waterfall");
  const [lines, setLines] = useState(true);
  const [critical, setCritical] = useState(false);
  const [zoom, setZoom] = useState(null);
  const [chosen, setChosen] = useState("");
  const [failure, setFailure] = useState(-1);
  const rows = useMemo(() => rowsOf(view, tree, { turned, lines, critical }), [view, tree, turned, lines, critical]);
  const at = rows.findIndex((row) => row.key === chosen);
  const row = rows[at];
  const turn = (key) => setTurned((old) => {
    const next = new Set(old);
    if (!next.delete(key)) next.add(key);
    return next;
  });
  const showSpan = (span) => {
    setShown("waterfall");
    setCritical(false);
    setTurned((old) => unfoldedTo(tree, span.span_id, old));
    setChosen(`s${span.span_id}`);
  };
  const nextFailure = () => {
    if (failures.length === 0) return cause?.span ? showSpan(cause.span) : undefined;
    const next = (failure + 1) % failures.length;
    setFailure(next);
    return showSpan(failures[next]);
  };
  const move = (by) => {
    if (shown !== "waterfall" || rows.length === 0) return false;
    setChosen(rows[Math.max(0, Math.min(rows.length - 1, at + by))].key);
    return true;
  };
  const fold = (open) => {
    if (!row?.opens) return false;
    if (open === undefined || row.open !== open) turn(row.key);
    return true;
  };
  const zoomTo = (span) => setZoom({ from: span.start_us, to: span.start_us + Math.max(span.duration_us, 1) });
  useKeys({
    j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), e: nextFailure, f: () => fold(),
    Enter: () => fold(), ArrowRight: () => fold(true), ArrowLeft: () => fold(false),
    z: () => (zoom ? setZoom(null) : row?.kind === "span" && zoomTo(row.node.span)),
    c: () => { copyText(view.request?.request_id || view.trace_id); },
    Escape: () => {
      if (chosen) setChosen("");
      else if (zoom) setZoom(null);
      else history.back();
    },
  });
  useEffect(() => setZoom(null), [view]);
  const tabs = [["waterfall", "Waterfall"], ["lines", `Log lines ${view.logs.length}`], ["json", "JSON"]];
  return html`
    <${Head} view=${view} />
    <${Facts} view=${view} />
    <${Cause} cause=${cause} onShow=${nextFailure} />
    <${Others} view=${view} />
    <div class="bar-line sheet-tools">
      <div class="choice" role="group" aria-label="Show">${tabs.map(([name, word]) => html`<button type="button" key=${name} aria-pressed=${shown === name} onClick=${() => setShown(name)}>${word}</button>`)}</div>
      ${shown === "waterfall" && html`
        <button type="button" class="button small" aria-pressed=${lines} onClick=${() => setLines(!lines)}>Log lines</button>
        <button type="button" class="button small" aria-pressed=${critical} onClick=${() => setCritical(!critical)} title="Only calls that the end had to wait for">Critical path</button>
        ${failures.length > 0 && html`<button type="button" class="button small" onClick=${nextFailure} title="Next error (e)"><span class="bad">✗</span>${failures.length} failed</button>`}
        ${zoom && html`<button type="button" class="button small" onClick=${() => setZoom(null)} title="z">Whole time</button>`}
        <span class="space"></span><span class="faint num" role="status">${view.spans.length.toLocaleString("en-US")} spans, ${view.services.length} ${view.services.length === 1 ? "service" : "services"}</span>
        <span class="legend faint"><i class="legend-critical"></i>critical path</span>`}
    </div>
    ${shown === "waterfall" && html`<div class="split sheet-body"><${Waterfall} rows=${rows} start=${view.start_us} zoom=${zoom ?? whole}
        chosen=${chosen} onChoose=${(one) => setChosen(one.key === chosen ? "" : one.key)} onTurn=${turn} onZoom=${zoomTo} />
      <${Panel} row=${row} view=${view} onClose=${() => setChosen("")} /></div>`}
    ${shown === "lines" && html`<div class="sheet-body scrolls-y"><${LogList} view=${view} /></div>`}
    ${shown === "json" && html`<div class="sheet-body scrolls-y"><${Json} view=${view} /></div>`}`;
}
