// Lines over time, by service, on uPlot; drawing a stretch with the pointer looks into it.

import { serviceColour, token } from "./colour.js";
import { html, useEffect, useRef } from "./html.js";
import { Service } from "./words.js";

const SCRIPT = "/static/vendor/uplot-1.6.32/uPlot.iife.min.js";
let loading = null;

function load() {
  loading ??= new Promise((resolve, reject) => {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = "/static/vendor/uplot-1.6.32/uPlot.min.css";
    const script = document.createElement("script");
    script.src = SCRIPT;
    script.onload = () => resolve(globalThis.uPlot);
    script.onerror = reject;
    document.head.append(sheet, script);
  });
  return loading;
}

/** Places of values that have no neighbour: no line goes through them. */
function lonely(values) {
  const there = (at) => values[at] !== null && values[at] !== undefined;
  return values.flatMap((_, at) => (there(at) && !there(at - 1) && !there(at + 1) ? [at] : []));
}

function optionsOf({ series, format, onStretch, width, height }) {
  const line = token("--line");
  const text = token("--text-3");
  const font = `11px ${token("--sans")}`;
  const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    width, height, legend: { show: false }, padding: [10, 20, 0, 0],
    cursor: { sync: { key: "overview" }, points: { size: 6 }, drag: { x: true, y: false, setScale: false }, y: false },
    select: { show: true },
    scales: { x: { time: true }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      { ...axis, size: 26, gap: 4, values: (_, at) => at.map((second) => new Date(second * 1000).toTimeString().slice(0, 5)) },
      { ...axis, size: 58, gap: 6, values: (_, at) => at.map(format), splits: undefined },
    ],
    series: [{}, ...series.map((one) => {
      const stroke = one.colour ? token(one.colour) : serviceColour(one.name);
      const points = { show: false, filter: () => lonely(one.values), size: 6, width: 0, fill: stroke };
      return { label: one.name, stroke, width: 1.6, points, fill: one.filled ? `${token(one.colour)}33` : undefined, spanGaps: false };
    })],
    hooks: {
      setSelect: [(plot) => {
        if (plot.select.width < 6) return;
        const from = plot.posToVal(plot.select.left, "x");
        const to = plot.posToVal(plot.select.left + plot.select.width, "x");
        plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        onStretch(Math.floor(from * 1e6), Math.ceil(to * 1e6));
      }],
    },
  };
}

function tip(plot, element, series, times, format) {
  const { idx, left } = plot.cursor;
  if (idx === null || idx === undefined || left < 0) {
    element.hidden = true;
    return;
  }
  element.hidden = false;
  const when = new Date(times[idx] * 1000).toTimeString().slice(0, 5);
  const told = series.map((one) => `${one.name} ${format(one.values[idx])}`);
  element.textContent = [when, ...told].join("   ");
}

/** A chart of `series` `{name, values, colour?}` over `times` in seconds. */
export function Chart({ title, times, series, format, onStretch, height = 172 }) {
  const place = useRef(null);
  const said = useRef(null);
  useEffect(() => {
    const element = place.current;
    let plot = null;
    let gone = false;
    let sizes = null;
    const draw = (uPlot) => {
      if (gone || !element.clientWidth) return;
      plot?.destroy();
      const options = optionsOf({ series, format, onStretch, width: element.clientWidth, height });
      options.hooks.setCursor = [(one) => tip(one, said.current, series, times, format)];
      plot = new uPlot(options, [times, ...series.map((one) => one.values)], element);
    };
    let uPlotNow = null;
    load().then((uPlot) => {
      uPlotNow = uPlot;
      draw(uPlot);
      sizes = new ResizeObserver(() => plot && plot.setSize({ width: element.clientWidth, height }));
      sizes.observe(element);
    }, () => {});
    const again = () => uPlotNow && draw(uPlotNow);
    addEventListener("spine-theme", again);
    const media = matchMedia("(prefers-color-scheme: dark)");
    media.addEventListener("change", again);
    return () => {
      gone = true;
      removeEventListener("spine-theme", again);
      media.removeEventListener("change", again);
      sizes?.disconnect();
      plot?.destroy();
    };
  }, [times, series]);
  return html`<section class="card chart" aria-label=${title}>
    <header><h2>${title}</h2><span class="space"></span><span class="chart-tip num" ref=${said} hidden></span>
      <span class="chart-legend">${series.map((one) => html`<${Service} key=${one.name} name=${one.name} />`)}</span></header>
    <div class="chart-place" ref=${place}></div></section>`;
}
