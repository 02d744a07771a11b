// One request on one sheet: facts, its place among its like, the waterfall with its log lines, details.

import { Copy, copyText } from "./copy.js";
import { duration, plain } from "./format.js";
import { html, useEffect, useMemo, useState } from "./html.js";
import { useKeys } from "./keys.js";
import { Cause, Facts, Head, Hops, Notes } from "./sheet_head.js";
import { GroupPanel, RowLinePanel, SpanPanel } from "./span_panel.js";
import { Stack } from "./stack.js";
import { causeOf, failuresOf, holdersOf, ownRoot, partOf, reachOf, rowsOf, treeOf, unfoldedTo } from "./tree.js";
import { Waterfall } from "./waterfall.js";
import { Level, Service } from "./words.js";

function LogList({ view, base }) {
  if (view.logs.length === 0) return html`<p class="pad muted">This request wrote no line that came here.</p>`;
  return html`<ol class="said-list" tabindex="0" aria-label="Log lines by time">${view.logs.slice(0, 2000).map((line) => html`<li key=${line.cursor}>
    <span class="num faint">+${duration(Math.max(0, line.at_us - view.start_us - base))}</span><${Level} line=${line} /><${Service} name=${line.service} />
    <div><pre>${plain(line.message)}</pre>${line.stack && html`<${Stack} text=${line.stack} />`}</div></li>`)}</ol>`;
}

function Json({ view }) {
  const text = useMemo(() => JSON.stringify(view, null, 2), [view]);
  const most = 400_000;
  return html`<div class="json"><div class="bar-line"><${Copy} text=${text} word="Copy all" label="Copy all" />
    ${text.length > most && html`<span class="muted">The first ${most / 1000} kB; Download has all ${Math.round(text.length / 1000)} kB.</span>`}</div>
    <pre tabindex="0">${plain(text.slice(0, most))}</pre></div>`;
}

function Panel({ row, view, base, onClose }) {
  if (!row) return null;
  if (row.kind === "span") return html`<${SpanPanel} key=${row.key} node=${row.node} view=${view} base=${base} onClose=${onClose} />`;
  if (row.kind === "group") return html`<${GroupPanel} key=${row.key} row=${row} onClose=${onClose} />`;
  return html`<${RowLinePanel} key=${row.key} line=${row.line} start=${view.start_us + base} onClose=${onClose} />`;
}

const sum = (nodes) => nodes.reduce((all, { span }) => all + span.duration_us, 0);

/** The whole trace, and the part of it that is shown: the asked request's own, until somebody wants the rest. */
function useScope(view) {
  const [all, setAll] = useState(false);
  const tree = useMemo(() => treeOf(view), [view]);
  const own = useMemo(() => ownRoot(tree, view.request), [view, tree]);
  const part = useMemo(() => (own && !all ? partOf(view, tree, own) : view), [view, tree, own, all]);
  const partTree = useMemo(() => (part === view ? tree : treeOf(part)), [part]);
  return { part, tree: partTree, several: own !== null, all, setAll };
}

/** The sheet. */
export function Sheet({ view: given }) {
  const { part: view, tree, several, all, setAll } = useScope(given);
  const failures = useMemo(() => failuresOf(view), [view]);
  const cause = useMemo(() => causeOf(view), [view]);
  const holders = useMemo(() => holdersOf(view, tree), [view, tree]);
  const whole = useMemo(() => reachOf(view), [view]);
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
  const showRepeated = () => {
    const groups = rowsOf(view, tree, { turned: new Set(), lines: false, critical: false }).filter((one) => one.kind === "group");
    const most = groups.sort((a, b) => b.nodes.length - a.nodes.length || sum(b.nodes) - sum(a.nodes))[0];
    if (!most) return;
    setShown("waterfall");
    setTurned((old) => unfoldedTo(tree, most.nodes[0].parent?.span.span_id, old));
    setChosen(most.key);
  };
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
    <${Head} view=${given} />
    <${Facts} view=${given} holders=${holders} onShow=${showSpan} />
    <${Cause} cause=${cause} onShow=${nextFailure} />
    <${Notes} view=${given} repeated=${given.facts.repeated} onRepeated=${showRepeated} />
    ${all && html`<${Hops} view=${given} current=${given.request?.span_id} />`}
    <div class="bar-line sheet-tools">
      <div class="choice" role="group" aria-label="Show">${tabs.map(([name, word]) => html`<button type="button" key=${name} aria-pressed=${shown === name} onClick=${() => setShown(name)}>${word}</button>`)}</div>
      ${several && html`<div class="choice" role="group" aria-label="How much of the trace"><button type="button" aria-pressed=${!all} onClick=${() => setAll(false)}>This request</button>
        <button type="button" aria-pressed=${all} onClick=${() => setAll(true)}>Whole trace, ${given.requests.length} requests</button></div>`}
      ${shown === "waterfall" && html`
        <button type="button" class="button small" aria-pressed=${lines} onClick=${() => setLines(!lines)}>Log lines</button>
        <button type="button" class="button small" aria-pressed=${critical} onClick=${() => setCritical(!critical)} title="Only calls that the end had to wait for">Critical path</button>
        ${failures.length > 0 && html`<button type="button" class="button small" onClick=${nextFailure} title="Next error (e)"><span class="bad">✗</span>${failures.length} failed</button>`}
        ${zoom && html`<button type="button" class="button small" onClick=${() => setZoom(null)} title="z">Whole time</button>`}
        <span class="space"></span><span class="faint num" role="status">${view.spans.length.toLocaleString("en-US")} spans, ${view.services.length} ${view.services.length === 1 ? "service" : "services"}</span>
        <span class="legend faint"><i class="legend-critical"></i>critical path</span>`}
    </div>
    ${shown === "waterfall" && html`<div class="split sheet-body"><${Waterfall} rows=${rows} start=${view.start_us} base=${whole.from} zoom=${zoom ?? whole}
        chosen=${chosen} onChoose=${(one) => setChosen(one.key === chosen ? "" : one.key)} onTurn=${turn} onZoom=${zoomTo} />
      <${Panel} row=${row} view=${view} base=${whole.from} onClose=${() => setChosen("")} /></div>`}
    ${shown === "lines" && html`<div class="sheet-body scrolls-y"><${LogList} view=${view} base=${whole.from} /></div>`}
    ${shown === "json" && html`<div class="sheet-body scrolls-y"><${Json} view=${given} /></div>`}`;
}
