// Names and values of a span, a line or an event: each can be copied, and looked for.

import { Copy } from "./copy.js";
import { plain } from "./format.js";
import { html } from "./html.js";
import { searchUrl } from "./router.js";

const LONG = 300;

function termOf(name, value) {
  const text = String(value);
  return /^[\w.\-/:@]+$/.test(text) && !text.endsWith("*") ? `${name}:${text}` : `${name}:"${text.replaceAll('"', '\\"')}"`;
}

function findable(name, value) {
  return /^[\w.\-]+$/.test(name) && ["string", "number", "boolean"].includes(typeof value) && String(value).length <= 100;
}

/** The table. `page` is where a value is looked for; without one there are no links. */
export function Attributes({ of, page = "/requests" }) {
  const entries = Object.entries(of ?? {});
  if (entries.length === 0) return html`<p class="faint">none</p>`;
  return html`<dl class="attributes">${entries.map(([name, value]) => html`<div key=${name}>
    <dt>${plain(name)}</dt>
    <dd class=${plain(value).length > LONG ? "long" : ""}><span class="value" tabindex=${plain(value).length > LONG ? 0 : undefined}>${plain(value)}</span>
      <span class="acts"><${Copy} text=${typeof value === "string" ? value : JSON.stringify(value)} label=${`Copy ${plain(name)}`} />
      ${page && findable(name, value) && html`<a class="button quiet small" href=${searchUrl(page, { q: termOf(name, value) })} title="Look for others with this value">find</a>`}</span></dd>
  </div>`)}</dl>`;
}
