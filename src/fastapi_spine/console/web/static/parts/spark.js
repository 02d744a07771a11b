// Small pictures of numbers over time, in SVG: bars for how many, a line for how long.

import { html } from "./html.js";

const WIDTH = 120;
const HEIGHT = 26;

/** Most bars that a small picture can show; more steps are added up. */
function gather(values, most, add) {
  if (values.length <= most) return values;
  const size = Math.ceil(values.length / most);
  const out = [];
  for (let at = 0; at < values.length; at += size) out.push(add(values.slice(at, at + size)));
  return out;
}

const sum = (values) => values.reduce((whole, value) => whole + value, 0);
const largest = (values) => values.reduce((most, value) => Math.max(most, value ?? 0), 0) || null;

/** Bars: all in the quiet colour, the failed part of each in red from below. */
export function Bars({ counts, failures = [], label, width = WIDTH, height = HEIGHT }) {
  const all = gather(counts, 60, sum);
  const bad = gather(failures, 60, sum);
  const top = Math.max(1, ...all);
  const step = width / Math.max(1, all.length);
  const bar = Math.max(1, step - (step > 3 ? 1 : 0.4));
  const path = (values, least) => values.map((value, at) => {
    if (!value) return "";
    const tall = Math.max(least, (value / top) * (height - 1));
    return `M${(at * step).toFixed(2)} ${height}h${bar.toFixed(2)}v${(-tall).toFixed(2)}h${(-bar).toFixed(2)}z`;
  }).join("");
  return html`<svg class="spark" viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} role="img" aria-label=${label} preserveAspectRatio="none">
    <path class="spark-bars" d=${path(all, 1)} /><path class="spark-bad" d=${path(bad, 1.2)} />
  </svg>`;
}

/** A line; gaps where nothing came, and a dot for what stands alone between two. */
export function Line({ values, label, width = WIDTH, height = HEIGHT }) {
  const points = gather(values, 60, largest);
  const top = Math.max(1e-9, ...points.map((value) => value ?? 0));
  const step = width / Math.max(1, points.length - 1);
  const there = (at) => points[at] !== null && points[at] !== undefined;
  const place = (at) => `${(at * step).toFixed(2)} ${(height - 2 - (points[at] / top) * (height - 4)).toFixed(2)}`;
  const path = points.map((_, at) => (there(at) ? `${there(at - 1) ? "L" : "M"}${place(at)}` : "")).join("");
  const dots = points.map((_, at) => (there(at) && !there(at - 1) && !there(at + 1) ? `M${place(at)}h0` : "")).join("");
  return html`<svg class="spark" viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} role="img" aria-label=${label} preserveAspectRatio="none">
    <path class="spark-line" d=${path} /><path class="spark-dots" d=${dots} />
  </svg>`;
}
