// Small pieces that several pages show in the same way: status, service, time, notices, what to do when nothing is there.

import { useAnswer } from "./api.js";
import { Copy } from "./copy.js";
import { serviceClass } from "./colour.js";
import { clock, plain, utc } from "./format.js";
import { html } from "./html.js";

/** A service's name beside its colour. */
export function Service({ name }) {
  return html`<span class=${`service-name ${serviceClass(name)}`}><span class="cut">${plain(name)}</span></span>`;
}

/** A moment; the whole of it, in UTC, on pointing. */
export function Time({ us, millis = true }) {
  return html`<time class="num" datetime=${utc(us)} title=${utc(us)}>${clock(us, { millis })}</time>`;
}

/** How a request ended: its status, or the word for what came instead. Failure is a mark and a word, not only red. */
export function Status({ row }) {
  const kind = row.failed ? "bad" : row.status >= 400 ? "warn" : "";
  const word = row.status ?? (row.outcome ? plain(row.outcome).slice(0, 6) : "–");
  return html`<span class=${`status ${kind}`} title=${row.outcome ? plain(row.outcome) : undefined}>
    ${row.failed && html`<span class="unseen">failed, </span>`}${word}</span>`;
}

/** The level of a line, or of nothing. */
export function Level({ line }) {
  const kind = line.severity >= 17 ? "level-bad" : line.severity >= 13 ? "level-warn" : line.severity < 9 ? "level-low" : "";
  return html`<span class=${`level ${kind}`}>${line.severity >= 17 ? "✗ " : ""}${plain(line.level).slice(0, 8)}</span>`;
}

/** What went wrong with asking, and what to do. */
export function Trouble({ error }) {
  if (!error || error.problem?.position !== undefined) return null;
  return html`<div class="notice bad-notice" role="alert"><span class="bad" aria-hidden="true">✗</span>
    <p>${plain(error.message)}${error.problem?.hint && html` ${plain(error.problem.hint)}`}</p></div>`;
}

/** A command to copy. */
export function Command({ text }) {
  return html`<div class="command"><code tabindex="0">${text}</code><${Copy} text=${text} label="Copy this command" /></div>`;
}

/** Nothing here: why, and the steps that change it. */
export function Empty({ title, children, steps = [] }) {
  return html`<section class="empty">
    <h2>${title}</h2>
    <div>${children}</div>
    ${steps.length > 0 && html`<ol>${steps.map(([word, command]) => html`<li><p>${word}</p><${Command} text=${command} /></li>`)}</ol>`}
  </section>`;
}

/** How data comes here: for every page that is empty because nothing was ever sent. */
const firstSteps = (receiver) => [
  ["A FastAPI application with this layer: start it and the console together", "spine dev shop:app"],
  ["An application that runs already with Spine(app): name the console", `OTEL_EXPORTER_OTLP_ENDPOINT=${receiver} spine run shop:app`],
  ["Any other service, in any language, with an OpenTelemetry SDK", `OTEL_EXPORTER_OTLP_ENDPOINT=${receiver} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`],
  ["Only logs: pipe JSON lines in", "myapp | spine console --stdin"],
];

/** Nothing was sent yet: how to, with the address that this console receives at; the steps come when it is known. */
export function Unsent({ title, children, most = 4 }) {
  const { answer } = useAnswer("health", {});
  const steps = answer ? firstSteps(plain(answer.receiver)).slice(0, most) : [];
  return html`<${Empty} title=${title} steps=${steps}>${children}<//>`;
}

/** Grey lines in the place of what is being fetched. */
export function Bones({ lines = 6 }) {
  return html`<div class="bones" role="status"><span class="unseen">Loading</span>${Array.from({ length: lines }, () => html`<i></i>`)}</div>`;
}
