// One alert: what burns, since when, the evidence, and what somebody can do about it here.

import { tell } from "./api.js";
import { Told } from "./evidence.js";
import { ago, figure, oneLine, plain, share, stretch, utc } from "./format.js";
import { html, useState } from "./html.js";
import { searchUrl } from "./router.js";
import { Service, Time, Trouble } from "./words.js";

const HOURS = [[1, "1 hour"], [4, "4 hours"], [24, "a day"]];

/** How loud: a page wakes somebody, a ticket waits for the morning. */
export function Severity({ of }) {
  return html`<span class=${`badge ${of === "page" ? "bad" : "warn"}`}>${of === "page" ? "✗ page" : "! ticket"}</span>`;
}

function Note({ word, onSend, onLeave }) {
  const [text, setText] = useState("");
  return html`<form class="note" onSubmit=${(event) => { event.preventDefault(); onSend(text.trim()); }}>
    <input value=${text} onInput=${(event) => setText(event.target.value)} maxlength="500" autofocus aria-label="Note" placeholder="What is known, who looks at it" />
    <button type="submit" class="button small main-act">${word}</button><button type="button" class="button small" onClick=${onLeave}>Leave it</button></form>`;
}

function Acts({ alert, silenced, onChange }) {
  const [open, setOpen] = useState("");
  const [hours, setHours] = useState(1);
  const [error, setError] = useState(null);
  const act = async (path, body) => {
    setError(null);
    try {
      await tell(path, body);
      setOpen("");
      onChange();
    } catch (wrong) {
      setError(wrong);
    }
  };
  const acknowledge = (note) => act(`alerts/${encodeURIComponent(alert.id)}/ack`, { note });
  const silence = (note) => act("alerts/silences", { objective: alert.objective, service: "", seconds: hours * 3600, note });
  return html`<div class="acts-line">
    <button type="button" class="button small" aria-expanded=${open === "ack"} onClick=${() => setOpen(open === "ack" ? "" : "ack")}>${alert.acked ? "Take over" : "Acknowledge"}</button>
    ${!silenced && html`<button type="button" class="button small" aria-expanded=${open === "silence"} onClick=${() => setOpen(open === "silence" ? "" : "silence")}>Silence</button>`}
    ${open === "ack" && html`<${Note} word="Acknowledge" onSend=${acknowledge} onLeave=${() => setOpen("")} />`}
    ${open === "silence" && html`<div class="choice" role="group" aria-label="For how long">${HOURS.map(([n, word]) => html`<button type="button" key=${n} aria-pressed=${n === hours} onClick=${() => setHours(n)}>${word}</button>`)}</div>
      <${Note} word="Silence" onSend=${silence} onLeave=${() => setOpen("")} />`}
    <${Trouble} error=${error} /></div>`;
}

function burning(alert, past = false) {
  if (alert.tier === "no_data") return `${past ? "No request was" : "No request has been"} counted for too long: nobody ${past ? "asked" : "asks"}, or telemetry ${past ? "did" : "does"} not arrive`;
  const long = alert.burn_long === null ? "–" : `${figure(alert.burn_long)} ×`;
  return `${past ? "spent" : "spends"} its budget ${long} as fast as it may; it ${past ? "alerted" : "alerts"} at ${figure(alert.factor)} ×`;
}

/** What is left of a budget that may be overspent, in words. */
export function leftWords(left) {
  if (left >= 0) return share(left, 1);
  return left > -1 ? `overspent by ${share(-left, 1)}` : `spent ${figure(1 - left)} times over`;
}

function Followers({ of }) {
  if (of.length === 0) return null;
  const words = of.map((one) => `${plain(one.tier)} (${plain(one.severity)}, ${one.state})`).join(" and ");
  return html` <span class="muted">It speaks for ${words}, which ${of.length === 1 ? "sees" : "see"} it in longer windows.</span>`;
}

/** An alert that is pending or firing; `followers` are those of slower tiers for which it speaks. */
export function ActiveAlert({ alert, followers = [], silences, onChange }) {
  const silence = silences.find((one) => one.id === alert.silenced_by);
  const quiet = Boolean(alert.inhibited_by || alert.silenced_by);
  const kind = quiet ? "" : alert.state === "pending" ? "warn-notice" : alert.severity === "page" ? "bad-notice" : "warn-notice";
  return html`<article class=${`notice alert ${kind}`} aria-label=${`${alert.state}: ${plain(alert.title)}`}>
    <div class="alert-top"><${Severity} of=${alert.severity} /><b>${oneLine(alert.title, 160)}</b><${Service} name=${alert.service} />
      <span class="space"></span><span class="num muted">${plain(alert.tier)}, ${alert.state} since <${Time} us=${alert.fired_us ?? alert.pending_us} millis=${false} /></span></div>
    <p>${burning(alert)}. ${alert.budget_left !== null && (alert.budget_left < 0 ? html`The budget is <b>${leftWords(alert.budget_left)}</b>.` : html`Of the budget <b>${leftWords(alert.budget_left)}</b> is left.`)}
      <${Followers} of=${followers} />
      ${alert.inhibited_by && html` <span class="muted">Not sent: the ${plain(alert.inhibited_by)} one speaks for it.</span>`}
      ${alert.silenced_by && html` <span class="muted">Silenced${silence ? html` until <${Time} us=${silence.ends_us} millis=${false} />${silence.note && `: ${plain(silence.note)}`}` : ""}.</span>`}
      ${alert.acked && html` <span class="muted">Acknowledged ${ago(alert.acked.at_us)}${alert.acked.by && ` by ${plain(alert.acked.by)}`}${alert.acked.note && `: ${plain(alert.acked.note)}`}.</span>`}</p>
    ${alert.evidence && html`<${Told} evidence=${alert.evidence} service=${alert.service} />`}
    <${Acts} alert=${alert} silenced=${Boolean(alert.silenced_by)} onChange=${onChange} />
  </article>`;
}

/** An alert that is over. */
export function PastAlert({ alert }) {
  const began = alert.fired_us ?? alert.pending_us;
  const window = { q: `service:${alert.service}`, since: String(began), until: String(alert.resolved_us ?? "") };
  return html`<li><details><summary><${Severity} of=${alert.severity} /><span class="cut">${oneLine(alert.title, 160)}</span><${Service} name=${alert.service} />
      <span class="space"></span><span class="num faint" title=${utc(began)}><${Time} us=${began} millis=${false} />${alert.resolved_us ? `, for ${stretch(Math.max(1, (alert.resolved_us - began) / 1e6))}` : ""}</span></summary>
    <div class="pad"><p>${alert.fired_us ? burning(alert, true) : "It was pending and went by itself"}.
      ${alert.inhibited_by && html` <span class="muted">Not sent: the ${plain(alert.inhibited_by)} one speaks for it.</span>`}
      ${alert.acked?.note && ` ${plain(alert.acked.note)}`} <a class="link" href=${searchUrl("/requests", window)}>Requests of that time</a></p>
      ${alert.evidence && html`<${Told} evidence=${alert.evidence} service=${alert.service} open=${true} />`}</div></details></li>`;
}
