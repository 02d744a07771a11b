// One objective as a row: what was promised, what is left of its budget over the window, how fast it burns now.

import { leftWords } from "./alert.js";
import { figure, plain, stretch } from "./format.js";
import { html } from "./html.js";
import { Service } from "./words.js";

/** Heads of the columns. */
export const OBJECTIVE_HEADS = [["Promise", ""], ["Kept", "right"], ["Budget left", ""], ["", "narrow-not"], ["Burns now", ""]];

const STATES = new Map([["ok", ["✓ holds", "good"]], ["spent", ["✗ spent", "bad"]], ["pending", ["! pending", "warn"]], ["firing", ["✗ firing", "bad"]], ["no_data", ["no data", ""]]]);
const WIDTH = 260;
const HEIGHT = 40;

/** The budget over the window: a line that falls from 1; below the base line it is overspent. */
export function BudgetChart({ chart, label }) {
  const values = chart.left;
  const low = Math.min(0, ...values.map((value) => Math.max(-1, value ?? 0)));
  const y = (value) => (HEIGHT - 2 - ((Math.max(-1, value) - low) / (1 - low)) * (HEIGHT - 4)).toFixed(2);
  const step = WIDTH / Math.max(1, values.length - 1);
  let pen = "M";
  const line = values.map((value, at) => {
    if (value === null) {
      pen = "M";
      return "";
    }
    const mark = `${pen}${(at * step).toFixed(2)} ${y(value)}`;
    pen = "L";
    return mark;
  }).join("");
  const last = values.findLast((value) => value !== null) ?? 1;
  return html`<svg class="budget" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${label}>
    <path class="budget-base" d=${`M0 ${y(0)}H${WIDTH}`} /><path class=${`budget-line ${last < 0 ? "spent" : last < 0.25 ? "low" : ""}`} d=${line} /></svg>`;
}

function Left({ one }) {
  if (one.budget_left === null) return html`<span class="faint">no data</span>`;
  const kind = one.budget_left <= 0 ? "meter-full" : one.budget_left < 0.25 ? "meter-low" : "meter-used";
  const word = leftWords(one.budget_left);
  return html`<b class=${`num ${one.budget_left <= 0 ? "bad" : ""}`}>${word}</b>
    <svg class="meter small" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="meter-all" width="100" height="6" />
      <rect class=${kind} width=${Math.max(0, Math.min(1, one.budget_left)) * 100} height="6" /></svg>`;
}

function Burn({ burn }) {
  const told = (rate) => (rate === null ? "–" : `${figure(rate)} ×`);
  const full = burn.long === null ? 0 : Math.min(1, burn.long / burn.factor);
  const kind = burn.state === "firing" ? "meter-full" : burn.state === "pending" || full > 0.7 ? "meter-low" : "meter-used";
  return html`<div class="burn" title=${`${stretch(burn.long_s)}: ${told(burn.long)}, ${stretch(burn.short_s)}: ${told(burn.short)}; ${burn.severity === "page" ? "pages" : "opens a ticket"} when both pass ${burn.factor} ×${burn.enough ? "" : "; too little traffic to judge"}`}>
    <span class="faint">${stretch(burn.long_s)}</span>
    <svg class="meter small" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="meter-all" width="100" height="6" /><rect class=${kind} width=${full * 100} height="6" /></svg>
    <span class=${`num ${burn.state === "firing" ? "bad" : ""}`}>${told(burn.long)}<span class="faint"> of ${figure(burn.factor)}</span></span></div>`;
}

/** The row. */
export function ObjectiveRow({ one }) {
  // A promise whose budget is spent does not hold, however slowly it burns now.
  const spent = one.state === "ok" && one.budget_left < 0;
  const [word, kind] = STATES.get(spent ? "spent" : one.state) ?? [plain(one.state), ""];
  const covered = Math.min(one.covered_s, one.window_s);
  return html`<tr><td class="promise"><span class=${`badge ${kind}`}>${word}</span> <b>${plain(one.title)}</b>
      <div class="faint"><${Service} name=${one.service} /><span>over ${stretch(one.window_s)}${covered < one.window_s * 0.98 ? `, numbers of ${stretch(covered)}` : ""}</span>
        <span title=${one.routes.map(plain).join("\n")}>${one.basis ? `from ${one.basis === "metrics" ? "metrics" : "spans"}` : ""}${one.declared_by === "file" ? ", from a file" : ""}</span></div></td>
    <td class="right num" data-word="kept" title=${`${figure(one.bad)} of ${one.total} were bad`}>${one.good_share === null ? "–" : `${(one.good_share * 100).toFixed(one.good_share > 0.999 ? 3 : 2)} %`}</td>
    <td class="budget-left" data-word="budget left"><${Left} one=${one} /></td>
    <td class="narrow-not"><${BudgetChart} chart=${one.chart} label=${`budget left of ${plain(one.title)} over its window`} /></td>
    <td class="burns" data-word="burns now">${one.burns.map((burn) => html`<${Burn} key=${burn.tier} burn=${burn} />`)}</td></tr>`;
}
