// Alerts: which promise to users is at risk, why, and what is left of each budget.

import { ActiveAlert, PastAlert } from "../parts/alert.js";
import { tell, useAnswer } from "../parts/api.js";
import { ago, count, plain, utc } from "../parts/format.js";
import { html, useState } from "../parts/html.js";
import { ObjectiveRow, OBJECTIVE_HEADS } from "../parts/objective.js";
import { Replay } from "../parts/replay.js";
import { Silences } from "../parts/silences.js";
import { Bones, Empty, Trouble } from "../parts/words.js";

const EXAMPLE = `Spine(app, service="orders", objectives=[
    Objective("GET /orders/{order_id}", availability=0.999, latency=("300ms", 0.99)),
])`;

function Senders({ senders }) {
  const [results, setResults] = useState(null);
  const [error, setError] = useState(null);
  const test = async () => {
    setError(null);
    try {
      setResults(await tell("alerts/test", {}));
    } catch (wrong) {
      setError(wrong);
    }
  };
  const told = (name) => results?.find((one) => one.name === name);
  return html`<section class="card"><header><h2>Who is told</h2><span class="faint">where pages and tickets go</span><span class="space"></span>
      ${senders.length > 0 && html`<button type="button" class="button small" onClick=${test} title="Send a test message to all of them">Send a test</button>`}</header>
    <${Trouble} error=${error} />
    ${senders.length === 0 ? html`<p class="pad muted">Nobody: alerts are shown here and counted, and nothing is sent. The guide to alerts names webhooks, mail and chats.</p>`
      : html`<div class="scrolls"><table class="grid"><thead><tr><th scope="col">Sender</th><th scope="col">Target</th><th scope="col" class="right">Sent</th><th scope="col" class="right">Failed</th><th scope="col" class="right">Waiting</th><th scope="col">Last</th><th scope="col"><span class="unseen">Result</span></th></tr></thead>
        <tbody>${senders.map((one) => html`<tr key=${one.name}><td><b>${plain(one.name)}</b></td><td class="mono">${plain(one.target)}</td>
          <td class="right num">${count(one.sent)}</td><td class=${`right num ${one.failed ? "bad" : ""}`}>${count(one.failed)}</td><td class="right num">${count(one.waiting)}</td>
          <td class="num" title=${utc(one.last_us)}>${one.last_us ? ago(one.last_us) : "never"}</td>
          <td>${told(one.name) ? html`<span class=${`badge ${told(one.name).ok ? "good" : "bad"}`}>${told(one.name).ok ? "✓ arrived" : `✗ ${plain(told(one.name).detail)}`}</span>`
            : one.last_error && html`<span class="badge bad">${plain(one.last_error)}</span>`}</td></tr>`)}</tbody></table></div>`}
  </section>`;
}

function summary(active, objectives) {
  if (active.length === 0 && objectives.length === 0) return "nothing is promised";
  const of = (state) => active.filter((one) => one.state === state && !one.inhibited_by).length;
  const parts = [[of("firing"), "firing"], [of("pending"), "pending"]].filter(([n]) => n > 0);
  return parts.length === 0 ? "all promises hold" : parts.map(([n, word]) => `${n} ${word}`).join(", ");
}

/** Alerts that speak, each with the slower ones of its objective that it keeps quiet. */
function spokenFor(active) {
  const loud = active.filter((one) => !one.inhibited_by);
  const quiet = active.filter((one) => one.inhibited_by);
  const speaker = (one) => loud.find((other) => other.objective === one.objective && other.tier === one.inhibited_by);
  const alone = quiet.filter((one) => !speaker(one));
  return [...loud, ...alone].map((one) => ({ alert: one, followers: quiet.filter((other) => speaker(other) === one) }));
}

/** The page. */
export default function Alerts() {
  const { answer, error, again } = useAnswer("alerts", {}, { every: 5_000 });
  const active = (answer?.alerts ?? []).filter((one) => one.state !== "resolved");
  const past = (answer?.alerts ?? []).filter((one) => one.state === "resolved");
  const missing = error?.status === 404;
  return html`<main id="main" class="main" tabindex="-1">
    <header class="head"><h1>Alerts</h1>${answer && html`<span class="faint" role="status">${summary(active, answer.objectives)}${answer.at_us ? `, looked at ${ago(answer.at_us)}` : ", not looked at yet"}</span>`}</header>
    ${missing ? html`<${Empty} title="This console does not watch objectives"><p>It is older than its pages. Start the newer one: <code>spine console</code></p><//>` : html`<${Trouble} error=${error} />`}
    ${!answer && !error && html`<div class="card"><${Bones} lines=${10} /></div>`}
    ${answer && html`
      ${answer.trouble.map((text) => html`<div class="notice warn-notice" role="status"><span class="warn" aria-hidden="true">!</span><p>${plain(text)}</p></div>`)}
      ${spokenFor(active).map(({ alert, followers }) => html`<${ActiveAlert} key=${alert.id} alert=${alert} followers=${followers} silences=${answer.silences} onChange=${again} />`)}
      ${answer.objectives.length === 0 ? html`<${Empty} title="No promise is declared yet">
          <p>An objective says what users may count on. The console keeps its budget, and tells you when it burns too fast.</p>
          <pre class="message-whole example">${EXAMPLE}</pre><//>`
        : html`<section class="card objectives"><header><h2>Objectives</h2><span class="faint">what users were promised, and what is left of each error budget</span></header>
          <div class="scrolls"><table class="grid"><thead><tr>${OBJECTIVE_HEADS.map(([word, kind]) => html`<th scope="col" class=${kind}>${word}</th>`)}</tr></thead>
          <tbody>${answer.objectives.map((one) => html`<${ObjectiveRow} key=${one.id} one=${one} />`)}</tbody></table></div></section>`}
      <${Silences} silences=${answer.silences} objectives=${answer.objectives} onChange=${again} />
      ${answer.objectives.length > 0 && html`<section class="card history"><header><h2>Before</h2><span class="faint">alerts of the last 30 days that are over</span></header>
        ${past.length === 0 ? html`<p class="pad muted">None.</p>` : html`<ol class="past">${past.map((one) => html`<${PastAlert} key=${one.id} alert=${one} />`)}</ol>`}
        <${Replay} /></section>
      <${Senders} senders=${answer.senders} />`}`}
  </main>`;
}
