// Which stretch of time a page shows. In the address as `since` and, for a fixed stretch, `until`.

import { clock } from "./format.js";
import { html } from "./html.js";
import { setQuery } from "./router.js";

const CHOICES = [["15m", "15 minutes"], ["1h", "hour"], ["6h", "6 hours"], ["24h", "24 hours"], ["7d", "7 days"]];

/** The stretch that the address names; an hour without one. */
export function windowOf(query, usual = "1h") {
  return { since: query.get("since") || usual, until: query.get("until") || "" };
}

/** Buttons for the usual stretches, and the fixed one that somebody drew on a chart. */
export function WindowPicker({ query, usual = "1h" }) {
  const { since, until } = windowOf(query, usual);
  const fixed = until || !CHOICES.some(([value]) => value === since);
  const choose = (value) => setQuery({ since: value === usual ? "" : value, until: "" });
  const told = (value) => (/^\d{12,}$/.test(value) ? clock(Number(value), { millis: false }) : value);
  return html`<div class="choice" role="group" aria-label="Time shown">
    ${fixed && html`<button type="button" aria-pressed="true" title="Click another to leave this stretch">${told(since)} – ${until ? told(until) : "now"}</button>`}
    ${CHOICES.map(([value, word]) => html`<button type="button" key=${value} aria-pressed=${!fixed && since === value}
      title=${`the last ${word}`} onClick=${() => choose(value)}>${value}</button>`)}
  </div>`;
}
