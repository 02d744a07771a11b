// A request as a file: saved from the page, opened again in any console, looked at without being believed.

import { html, useEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import { go } from "./router.js";

export const FORMAT = "spine-trace-1";
const MOST_BYTES = 100_000_000;

let opened = null;
const listeners = new Set();

/** Save a trace. */
export function save(view) {
  const id = String(view.request?.request_id || view.trace_id || "trace").replace(/[^\w.-]/g, "_").slice(0, 80);
  const url = URL.createObjectURL(new Blob([JSON.stringify(view)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `spine-${id}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const text = (value) => (typeof value === "string" ? value : "");
const number = (value, usual = 0) => (typeof value === "number" && Number.isFinite(value) ? value : usual);
const list = (value) => (Array.isArray(value) ? value : []);
const object = (value) => (value !== null && typeof value === "object" && !Array.isArray(value) ? value : {});

function requestOf(value) {
  const row = object(value);
  const names = ["cursor", "request_id", "trace_id", "span_id", "service", "method", "route", "path", "outcome", "error"];
  const texts = Object.fromEntries(names.map((name) => [name, text(row[name])]));
  return {
    ...texts, status: typeof row.status === "number" ? row.status : null, start_us: number(row.start_us),
    duration_us: number(row.duration_us), failed: row.failed === true, entry: row.entry === true,
  };
}

function spanOf(value) {
  const span = object(value);
  const names = ["span_id", "parent_id", "service", "name", "title", "status_message", "scope", "request_id"];
  const sizes = ["kind", "start_us", "duration_us", "self_us", "depth"];
  const events = list(span.events).map(object).map((event) => ({
    at_us: number(event.at_us), name: text(event.name), attributes: object(event.attributes),
  }));
  return {
    ...Object.fromEntries(names.map((name) => [name, text(span[name])])),
    ...Object.fromEntries(sizes.map((name) => [name, Math.max(0, number(span[name]))])),
    critical: span.critical === true, failed: span.failed === true, attributes: object(span.attributes), events,
    links: list(span.links).map(text),
  };
}

function lineOf(value) {
  const line = object(value);
  const names = ["cursor", "level", "logger", "message", "service", "request_id", "trace_id", "span_id", "stack"];
  return {
    ...Object.fromEntries(names.map((name) => [name, text(line[name])])), at_us: number(line.at_us),
    severity: number(line.severity), attributes: object(line.attributes), held: line.held === true,
  };
}

function spreadOf(value) {
  const spread = object(value);
  const bounds = list(spread.bounds_us).filter((one) => typeof one === "number");
  const counts = list(spread.counts).filter((one) => typeof one === "number");
  if (bounds.length === 0 || counts.length !== bounds.length + 1) return null;
  const quantile = (one) => (typeof one === "number" ? one : null);
  return {
    service: text(spread.service), method: text(spread.method), route: text(spread.route), start_us: number(spread.start_us),
    end_us: number(spread.end_us), count: number(spread.count), errors: number(spread.errors), p50_us: quantile(spread.p50_us),
    p95_us: quantile(spread.p95_us), p99_us: quantile(spread.p99_us), bounds_us: bounds, counts, basis: text(spread.basis),
  };
}

/** A parsed file as a trace, with every field of the right kind; an Error says what is wrong with it. */
export function traceOf(value) {
  const view = object(value);
  if (view.format !== FORMAT) throw new Error(`This is not a saved request: its format should be "${FORMAT}".`);
  const facts = Object.fromEntries(Object.entries(object(view.facts)).map(([name, one]) => [name, String(one)]));
  return {
    format: FORMAT, trace_id: text(view.trace_id), request: view.request ? requestOf(view.request) : null,
    requests: list(view.requests).map(requestOf), facts, start_us: number(view.start_us),
    duration_us: number(view.duration_us), spans: list(view.spans).slice(0, 100_000).map(spanOf),
    logs: list(view.logs).slice(0, 100_000).map(lineOf), services: list(view.services).map(text), errors: number(view.errors),
    others: [], cut: number(view.cut), peers: view.peers ? spreadOf(view.peers) : null,
    slower_than: typeof view.slower_than === "number" ? view.slower_than : null,
  };
}

/** Read a file and show it; an Error says why it cannot be. */
export async function openFile(file) {
  if (file.size > MOST_BYTES) throw new Error("This file is larger than 100 MB; no saved request is.");
  let value;
  try {
    value = JSON.parse(await file.text());
  } catch {
    throw new Error("This file is not JSON. Files come from Download on a request's page, or from spine show ID --json.");
  }
  opened = { name: file.name, view: traceOf(value) };
  for (const listener of listeners) listener();
  go("/open");
}

/** The file that is open, if one is. */
export function useOpened() {
  const [state, setState] = useState(opened);
  useEffect(() => {
    const change = () => setState(opened);
    listeners.add(change);
    return () => listeners.delete(change);
  }, []);
  return state;
}

async function tryOpen(file, say) {
  try {
    await openFile(file);
  } catch (error) {
    say(error.message);
  }
}

/** Let files be dropped anywhere on the page; whether one hangs over it. */
export function useDrop(say = () => go("/open")) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const enter = (event) => { if (carries(event)) { depth += 1; setOver(true); event.preventDefault(); } };
    const leave = (event) => { if (carries(event)) { depth -= 1; if (depth <= 0) { depth = 0; setOver(false); } } };
    const hover = (event) => { if (carries(event)) event.preventDefault(); };
    const drop = (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      if (event.dataTransfer.files[0]) tryOpen(event.dataTransfer.files[0], say);
    };
    const all = [["dragenter", enter], ["dragleave", leave], ["dragover", hover], ["drop", drop]];
    for (const [name, act] of all) addEventListener(name, act);
    return () => all.forEach(([name, act]) => removeEventListener(name, act));
  }, []);
  return over;
}

/** A button that opens a file. */
export function FilePicker({ word = "Open file" }) {
  const input = useRef(null);
  const [wrong, setWrong] = useState("");
  const pick = async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    setWrong("");
    if (file) await tryOpen(file, setWrong);
  };
  return html`<button type="button" class="button" title="Open a request that was saved as a file; dropping it here works too"
      onClick=${() => input.current.click()}><${Icon} name="open" /><span class="word">${word}</span></button>
    <input ref=${input} type="file" accept=".json,application/json" hidden onChange=${pick} aria-label="Saved request" />
    ${wrong && html`<p class="bad" role="alert">${wrong}</p>`}`;
}
