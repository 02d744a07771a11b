// One request among its route's last hour: a histogram on a logarithmic axis, with a mark where it stands.

import { duration, plain, share } from "./format.js";
import { html } from "./html.js";

const WIDTH = 340;
const HEIGHT = 54;

function edgesOf(spread, took) {
  const first = spread.bounds_us.findIndex((_, at) => spread.counts[at] > 0);
  const last = spread.counts.findLastIndex((count) => count > 0);
  if (first < 0) return null;
  const low = Math.max(0, first - 1);
  const high = Math.min(spread.counts.length - 1, Math.max(last, first) + 1);
  // The outermost buckets have one end each; they reach as far as this request.
  const start = low === 0 ? Math.min(spread.bounds_us[0], took || Infinity) / 2 : spread.bounds_us[low - 1];
  const bars = [];
  for (let at = low; at <= high; at += 1) {
    const from = at === low ? start : spread.bounds_us[at - 1];
    bars.push({ from, to: spread.bounds_us[at] ?? Math.max(from * 2, took * 1.1), count: spread.counts[at] });
  }
  return bars;
}

/** The picture, and one sentence that says the same. */
export function Histogram({ spread, took, slower }) {
  const bars = spread.count > 0 ? edgesOf(spread, took) : null;
  if (!bars) return null;
  const from = Math.log(Math.min(bars[0].from, took || bars[0].from));
  const to = Math.log(Math.max(bars.at(-1).to, took * 1.05));
  const x = (us) => ((Math.log(Math.max(us, 1e-3)) - from) / (to - from)) * WIDTH;
  const top = Math.max(...bars.map((bar) => bar.count));
  const path = bars.map((bar) => {
    const left = x(bar.from);
    const tall = bar.count ? Math.max(1.5, (bar.count / top) * (HEIGHT - 4)) : 0;
    return tall ? `M${left.toFixed(1)} ${HEIGHT}v${(-tall).toFixed(1)}H${(x(bar.to) - 1).toFixed(1)}V${HEIGHT}z` : "";
  }).join("");
  const mark = x(took);
  const all = spread.count.toLocaleString("en-US");
  const part = slower >= 0.995 && slower < 1 ? ">99 %" : share(slower, 1);
  const word = slower === null ? "" : slower >= 1 ? `slower than all ${all}` : `slower than ${part} of ${all}`;
  return html`<figure class="among">
    <figcaption><b>${word || `${all} of its route`}</b> <span class="faint">in the hour around it</span></figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" preserveAspectRatio="none"
      aria-label=${`Durations of ${plain(spread.method)} ${plain(spread.route)}${word && `: ${word}`}; this request took ${duration(took)}`}>
      <path class="among-bars" d=${path} />
      <path class="among-mark" d=${`M${mark.toFixed(1)} 0V${HEIGHT}`} />
    </svg>
    <p class="among-axis num faint"><span>p50 ${duration(spread.p50_us)}</span><span>p95 ${duration(spread.p95_us)}</span>
      <span>p99 ${duration(spread.p99_us)}</span><span class="this-one">this ${duration(took)}</span></p>
  </figure>`;
}
