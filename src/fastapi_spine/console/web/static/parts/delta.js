// How a number stands against the time before: an arrow, a share, and a colour only where it is better or worse.

import { count, share } from "./format.js";
import { html } from "./html.js";

const NOTICED = 0.1;

/** The difference. Small ones are left out; `neutral` numbers are neither good nor bad. */
export function Delta({ now, before, word, neutral = false, least = 0 }) {
  if (now === null || before === null || now === undefined || before === undefined) return null;
  if (before === 0 || Math.abs(now - before) <= least) {
    return before === 0 && now > least && !neutral ? html`<small class="delta bad" title=${`${word}: none before`}>new</small>` : null;
  }
  const by = now / before - 1;
  if (Math.abs(by) < NOTICED) return null;
  const kind = neutral ? "faint" : by > 0 ? "bad" : "good";
  const size = by > 9 ? `${count(Math.round(by + 1))} ×` : `${Math.abs(Math.round(by * 100))} %`;
  return html`<small class=${`delta num ${kind}`} title=${`${word} against the time before`}>${by > 0 ? "↑" : "↓"} ${size}</small>`;
}

/** Failed requests as a share; with a mark when there are any. */
export function ErrorShare({ numbers }) {
  if (!numbers.errors) return html`<span class="num faint">${numbers.count ? "0 %" : "–"}</span>`;
  const much = numbers.errors / numbers.count >= 0.01;
  return html`<span class=${`num ${much ? "bad" : ""}`} title=${`${numbers.errors} of ${numbers.count}`}>${much ? "✗ " : ""}${share(numbers.errors, numbers.count)}</span>`;
}
