// The waterfall: one row a call, one row a log line, on one axis of time. Only the rows in view are elements.

import { serviceClass } from "./colour.js";
import { duration, oneLine, plain } from "./format.js";
import { html, useEffect, useRef } from "./html.js";
import { Said, saidText } from "./said.js";
import { pattern, ticksOf } from "./tree.js";
import { reveal, useNarrow, useView } from "./windowed.js";
import { Level } from "./words.js";

export const ROW = 26;
const DEEPEST = 24;

function place(from, to, start, took) {
  const whole = Math.max(1e-6, to - from);
  const left = Math.max(0, Math.min(1, (start - from) / whole));
  const right = Math.max(0, Math.min(1, (start + took - from) / whole));
  return { left: `${left * 100}%`, width: `max(2px, ${(right - left) * 100}%)` };
}

function Bar({ span, zoom }) {
  const outside = span.start_us > zoom.to || span.start_us + span.duration_us < zoom.from;
  if (outside) return null;
  const kind = `bar ${serviceClass(span.service)} ${span.failed ? "bar-bad" : ""} ${span.critical ? "bar-critical" : ""}`;
  return html`<i class=${kind} style=${place(zoom.from, zoom.to, span.start_us, span.duration_us)}></i>
    ${span.events.slice(0, 40).map((event) => html`<i class="bar-event" title=${plain(event.name)}
      style=${{ left: place(zoom.from, zoom.to, event.at_us, 0).left }}></i>`)}`;
}

function GroupBar({ nodes, zoom }) {
  const whole = Math.max(1e-6, zoom.to - zoom.from);
  const path = (wanted) => nodes.slice(0, 2000).map(({ span }) => {
    if (span.failed !== wanted) return "";
    const left = ((span.start_us - zoom.from) / whole) * 1000;
    return `M${left.toFixed(2)} 0h${Math.max(0.8, (span.duration_us / whole) * 1000 - 0.6).toFixed(2)}v10H${left.toFixed(2)}z`;
  }).join("");
  const line = nodes.slice(0, 2000).filter(({ span }) => span.critical).map(({ span }) => {
    const left = ((span.start_us - zoom.from) / whole) * 1000;
    return `M${left.toFixed(2)} 9h${Math.max(0.8, (span.duration_us / whole) * 1000).toFixed(2)}`;
  }).join("");
  const marked = nodes.some(({ span }) => span.critical) ? "group-critical" : "";
  return html`<svg class=${`group-bar ${marked} ${serviceClass(nodes[0].span.service)}`} viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
    <path class="group-fill" d=${path(false)} /><path class="group-bad" d=${path(true)} />
    ${marked && html`<path class="group-line" d=${line} />`}</svg>`;
}

const indent = (depth) => ({ paddingLeft: `${Math.min(depth, DEEPEST) * 14}px` });

function Turn({ row, onTurn }) {
  if (!row.opens) return html`<span class="turn"></span>`;
  return html`<button type="button" class="turn" tabindex="-1" aria-label=${row.open ? "Fold" : "Unfold"}
    onClick=${(event) => { event.stopPropagation(); onTurn(row.key); }}>${row.open ? "▾" : "▸"}</button>`;
}

function SpanRow({ row, zoom, onTurn }) {
  const { span } = row.node;
  const hidden = !row.open && row.node.failures > (span.failed ? 1 : 0);
  return html`
    <span class="call" role="gridcell" style=${indent(row.depth)}><${Turn} row=${row} onTurn=${onTurn} />
      <i class=${`tick ${serviceClass(span.service)}`}></i>
      ${span.failed && html`<b class="bad" title="failed">✗<span class="unseen"> failed</span></b>`}
      <span class=${`cut title ${span.kind === 2 ? "served" : ""}`} title=${plain(span.title)}>${oneLine(span.title, 200)}</span>
      ${span.kind === 2 && html`<span class="faint cut at-service">${plain(span.service)}</span>`}
      ${hidden && html`<span class="badge bad">✗ inside</span>`}</span>
    <span class="time num right" role="gridcell">${duration(span.duration_us)}</span>
    <span class="self num right faint" role="gridcell">${duration(span.self_us)}</span>
    <span class="lane" role="gridcell"><${Bar} span=${span} zoom=${zoom} /></span>`;
}

function GroupRow({ row, zoom, onTurn }) {
  const first = row.nodes[0].span;
  const total = row.nodes.reduce((sum, { span }) => sum + span.duration_us, 0);
  const own = row.nodes.reduce((sum, { span }) => sum + span.self_us, 0);
  const bad = row.nodes.filter(({ failures }) => failures > 0).length;
  const same = row.nodes.every(({ span }) => span.title === first.title);
  const title = same ? first.title : pattern(first.title);
  return html`
    <span class="call" role="gridcell" style=${indent(row.depth)}><${Turn} row=${row} onTurn=${onTurn} />
      <i class=${`tick many ${serviceClass(first.service)}`}></i>
      <span class="cut title" title=${plain(title)}>${oneLine(title, 200)}</span><span class="badge times">×${row.nodes.length}</span>
      ${bad > 0 && html`<span class="badge bad">✗ ${bad}</span>`}</span>
    <span class="time num right" role="gridcell" title="together">${duration(total)}</span>
    <span class="self num right faint" role="gridcell">${duration(own)}</span>
    <span class="lane" role="gridcell"><${GroupBar} nodes=${row.nodes} zoom=${zoom} /></span>`;
}

function LineRow({ row, zoom, start, base }) {
  const at = row.line.at_us - start;
  const inside = at >= zoom.from && at <= zoom.to;
  return html`
    <span class="call said" role="gridcell" style=${indent(row.depth)}><span class="turn"></span>
      <${Level} line=${row.line} /><span class="cut mono" title=${plain(row.line.message)}><${Said} line=${row.line} /></span>
      ${row.line.held && html`<span class="badge" title="held back, and written because this request failed or was slow">held</span>`}
      ${row.line.stack && html`<span class="badge bad">stack</span>`}</span>
    <span class="time num right faint" role="gridcell">+${duration(Math.max(0, at - base))}</span>
    <span class="self" role="gridcell"></span>
    <span class="lane" role="gridcell">${inside && html`<i class=${`said-dot ${row.line.severity >= 17 ? "dot-bad" : row.line.severity >= 13 ? "dot-warn" : ""}`}
      style=${{ left: place(zoom.from, zoom.to, at, 0).left }}></i>`}</span>`;
}

function describe(row) {
  if (row.kind === "line") return `${row.line.level} ${saidText(row.line, 120)}`;
  const span = row.kind === "group" ? row.nodes[0].span : row.node.span;
  return `${oneLine(span.title, 120)}, ${plain(span.service)}, ${duration(span.duration_us)}${span.failed ? ", failed" : ""}`;
}

/** The waterfall of `rows`. `chosen` is a row's key; times are told from `base`, in microseconds of the trace. */
export function Waterfall({ rows, start, base, zoom, chosen, onChoose, onTurn, onZoom }) {
  const body = useRef(null);
  const { from, to } = useView(body, ROW, rows.length);
  const at = rows.findIndex((row) => row.key === chosen);
  useEffect(() => {
    if (at >= 0) reveal(body.current, at, ROW, 40);
  }, [chosen, at]);
  const narrow = useNarrow();
  const ticks = ticksOf(zoom.from - base, zoom.to - base, narrow ? 2 : 6).map((tick) => tick + base);
  const named = ticks.filter((tick) => (tick - zoom.from) / (zoom.to - zoom.from) < (narrow ? 0.6 : 0.93));
  const left = (tick) => ({ left: place(zoom.from, zoom.to, tick, 0).left });
  const drawn = [];
  for (let index = from; index < to; index += 1) {
    const row = rows[index];
    const kinds = { span: SpanRow, group: GroupRow, line: LineRow };
    const failed = row.kind === "span" && row.node.span.failed;
    drawn.push(html`<div key=${row.key} role="row" id=${`row-${index}`} aria-level=${row.depth + 1} aria-rowindex=${index + 2}
      aria-expanded=${row.opens ? String(row.open) : undefined} aria-selected=${row.key === chosen ? "true" : "false"} aria-label=${describe(row)}
      class=${`fall-row fall-${row.kind} ${failed ? "failed" : ""} ${row.key === chosen ? "chosen" : ""}`} style=${{ top: `${index * ROW}px` }}
      onClick=${() => onChoose(row)} onDblClick=${() => row.kind === "span" && onZoom(row.node.span)}>
      <${kinds[row.kind]} row=${row} zoom=${zoom} start=${start} base=${base} onTurn=${onTurn} /></div>`);
  }
  return html`<div class="fall" role="treegrid" aria-label="Waterfall" aria-rowcount=${rows.length + 1} tabindex="0"
    aria-activedescendant=${at >= from && at < to ? `row-${at}` : undefined}>
    <div class="fall-head" role="row"><span role="columnheader">Call</span><span role="columnheader" class="time right">Total</span>
      <span role="columnheader" class="self right" title="what none of its calls covers">Self</span>
      <span role="columnheader" class="lane axis">${named.map((tick) => html`<i key=${tick} class="num" style=${left(tick)}>${tick - base < 1e-6 ? "0" : duration(tick - base)}</i>`)}</span></div>
    <div class="fall-body" ref=${body}>
      <div class="fall-space" style=${{ height: `${rows.length * ROW + 12}px` }}>
        <div class="fall-lines"><span></span><span class="time"></span><span class="self"></span><span class="lane">${ticks.map((tick) => html`<i key=${tick} style=${left(tick)}></i>`)}</span></div>
        ${drawn}</div>
    </div></div>`;
}
