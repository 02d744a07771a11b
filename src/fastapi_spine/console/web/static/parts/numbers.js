// Rate, errors and durations of a service or a route, as cells of a table: each beside how it stands to the time before.

import { Delta, ErrorShare } from "./delta.js";
import { duration, rate } from "./format.js";
import { html } from "./html.js";
import { Bars, Line } from "./spark.js";

const BASIS = {
  metrics: "counts are the service's own, exact whatever was sampled; percentiles are read from buckets",
  spans: "counted from the spans that came; percentiles are read from buckets",
};

/** The heads of these columns. */
export function NumberHeads() {
  return html`<th scope="col" class="right">Rate</th><th scope="col" class="narrow-not">over time</th><th scope="col" class="right">Errors</th>
    <th scope="col" class="right narrow-not">p50</th><th scope="col" class="right">p95</th><th scope="col" class="narrow-not">over time</th>
    <th scope="col" class="right">p99</th><th scope="col" class="wide-only" title="Where the numbers come from">From</th>`;
}

// Without requests there is no share, and a first failure after none is not called new.
const failed = (numbers) => (numbers.count ? numbers.errors / numbers.count : null);

/** The cells of `one`, a service's or a route's numbers. */
export function NumberCells({ one }) {
  const { now, before } = one;
  return html`
    <td class="right num" data-word="rate"><${Delta} now=${now.per_second} before=${before.per_second} word="rate" neutral=${true} /><b>${rate(now.per_second)}</b></td>
    <td class="spark-cell narrow-not"><${Bars} counts=${one.counts} failures=${one.failures} label=${`${now.count} requests, ${now.errors} failed`} /></td>
    <td class="right num" data-word="errors"><${Delta} now=${failed(now)} before=${failed(before)} word="errors" least=${0.001} /><b><${ErrorShare} numbers=${now} /></b></td>
    <td class="right num narrow-not">${duration(now.p50_us)}</td>
    <td class="right num" data-word="p95"><${Delta} now=${now.p95_us} before=${before.p95_us} word="95th percentile" /><b>${duration(now.p95_us)}</b></td>
    <td class="spark-cell narrow-not"><${Line} values=${one.p95_us} label="95th percentile over the window" /></td>
    <td class="right num" data-word="p99">${duration(now.p99_us)}</td>
    <td class="faint wide-only" title=${one.basis === "metrics" ? BASIS.metrics : BASIS.spans}>${one.basis === "metrics" ? "metrics" : "spans"}</td>`;
}
