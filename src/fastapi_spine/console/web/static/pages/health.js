// Health: what was received, refused, kept; what senders say they lost or hid.

import { useAnswer } from "../parts/api.js";
import { ago, bytes, count, plain, stretch, utc } from "../parts/format.js";
import { html } from "../parts/html.js";
import { Bones, Service, Trouble, Unsent } from "../parts/words.js";

const total = (numbers) => Object.values(numbers ?? {}).reduce((sum, n) => sum + (Number(n) || 0), 0);

function Reasons({ of, kind }) {
  const entries = Object.entries(of ?? {}).filter(([, n]) => n > 0);
  if (entries.length === 0) return html`<span class="faint">none</span>`;
  return html`<span class="reasons">${entries.map(([name, n]) => html`<span key=${name} class=${`badge ${kind}`}>${plain(name)} ${count(n)}</span>`)}</span>`;
}

function Received({ health }) {
  return html`<section class="card"><header><h2>Received</h2><span class="faint">since ${ago(health.started_us)}</span></header>
    <div class="scrolls"><table class="grid"><thead><tr><th scope="col">Signal</th><th scope="col" class="right">Bodies</th><th scope="col" class="right">Bytes</th><th scope="col" class="right">Items</th><th scope="col">Refused</th></tr></thead>
    <tbody>${health.signals.map((one) => html`<tr key=${one.signal}><td><b>${plain(one.signal)}</b></td><td class="right num">${count(one.bodies)}</td><td class="right num">${bytes(one.bytes)}</td><td class="right num">${count(one.items)}</td><td><${Reasons} of=${one.rejected} kind="warn" /></td></tr>`)}</tbody></table></div></section>`;
}

function Store({ store }) {
  const used = store.limit_bytes ? store.bytes / store.limit_bytes : 0;
  const well = store.state === "ok";
  return html`<section class="card store"><header><h2>Kept</h2><span class=${`badge ${well ? "good" : "bad"}`}>${well ? "✓ writing" : `✗ ${plain(store.state)}`}</span></header>
    <div class="pad">
      <p class="store-line"><b class="num">${bytes(store.bytes)}</b> <span class="muted">of ${bytes(store.limit_bytes)}; ${bytes(store.free_bytes)} free on the disk</span></p>
      <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=${`${Math.round(used * 100)} % of the store's limit is used`}>
        <rect class="meter-all" width="100" height="6" /><rect class=${used > 0.9 ? "meter-full" : "meter-used"} width=${Math.min(100, used * 100)} height="6" /></svg>
      <dl class="facts-list wide"><dt>requests</dt><dd class="num">${count(store.requests)}</dd><dt>spans</dt><dd class="num">${count(store.spans)}</dd><dt>log lines</dt><dd class="num">${count(store.logs)}</dd>
        <dt>oldest</dt><dd class="num" title=${utc(store.oldest_us)}>${store.oldest_us ? ago(store.oldest_us) : "nothing yet"}</dd>
        <dt>kept for</dt><dd>${stretch(store.keep_seconds)}, or until the limit; oldest slices go first</dd>
        <dt>slices</dt><dd class="num">${store.slices}</dd><dt>folder</dt><dd class="mono">${plain(store.path)}</dd><dt>engine</dt><dd>${plain(store.engine)}</dd>
        ${store.set_aside.length > 0 && html`<dt>set aside</dt><dd class="warn">${store.set_aside.map(plain).join(", ")}: could not be read, moved away, not deleted</dd>`}</dl>
    </div></section>`;
}

function Sender({ one }) {
  const emitted = total(one.emitted);
  const delivered = total(one.delivered);
  const dropped = total(one.dropped);
  const late = Date.now() * 1000 - one.last_us > 120_000_000;
  return html`<tr><td><${Service} name=${one.service} /></td><td class="mono faint">${plain(one.instance)}</td><td>${plain(one.version)}</td>
    <td class=${`num ${late ? "warn" : ""}`} title=${utc(one.last_us)}>${ago(one.last_us)}</td>
    <td class="right num">${count(emitted)}</td><td class="right num">${count(delivered)}</td>
    <td>${dropped ? html`<${Reasons} of=${one.dropped} kind="bad" />` : html`<span class="faint">none</span>`}</td><td><${Reasons} of=${one.redacted} kind="" /></td></tr>`;
}

/** The page. */
export default function Health() {
  const { answer: health, error } = useAnswer("health", {}, { every: 5_000 });
  return html`<main id="main" class="main" tabindex="-1">
    <header class="head"><h1>Health</h1>${health && html`<span class="faint">version ${plain(health.version)}, started ${ago(health.started_us)}, ${health.tails} live ${health.tails === 1 ? "tail" : "tails"}</span>`}</header>
    <${Trouble} error=${error} />
    ${!health && !error && html`<div class="card"><${Bones} lines=${10} /></div>`}
    ${health && html`
      ${health.notices.map((text) => html`<div class="notice warn-notice" role="status"><span class="warn" aria-hidden="true">!</span><p>${plain(text)}</p></div>`)}
      <div class="health-top"><${Received} health=${health} /><${Store} store=${health.store} /></div>
      <section class="card"><header><h2>Senders</h2><span class="faint">what each process says of its own telemetry: emitted, delivered, dropped, redacted</span></header>
        ${health.senders.length === 0 ? html`<${Unsent} title="No process has told of itself yet" most=${2}><p>Services with this layer send their own accounts with their metrics.</p><//>`
          : html`<div class="scrolls"><table class="grid"><thead><tr><th scope="col">Service</th><th scope="col">Instance</th><th scope="col">Version</th><th scope="col">Last heard</th><th scope="col" class="right">Emitted</th><th scope="col" class="right">Delivered</th><th scope="col">Dropped</th><th scope="col">Redacted</th></tr></thead>
            <tbody>${health.senders.map((one) => html`<${Sender} key=${one.service + one.instance} one=${one} />`)}</tbody></table></div>`}</section>`}
  </main>`;
}
