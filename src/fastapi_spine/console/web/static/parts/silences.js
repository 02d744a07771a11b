// Silences: what nobody is told about for a while, by whom and why.

import { tell } from "./api.js";
import { plain } from "./format.js";
import { html, useState } from "./html.js";
import { Service, Time, Trouble } from "./words.js";

/** The card; nothing when there is none. */
export function Silences({ silences, objectives, onChange }) {
  const [error, setError] = useState(null);
  if (silences.length === 0) return null;
  const end = async (id) => {
    setError(null);
    try {
      await tell(`alerts/silences/${encodeURIComponent(id)}/end`, {});
      onChange();
    } catch (wrong) {
      setError(wrong);
    }
  };
  const title = (id) => plain(objectives.find((one) => one.id === id)?.title ?? id);
  return html`<section class="card silences"><header><h2>Silences</h2></header><${Trouble} error=${error} />
    <ul>${silences.map((one) => html`<li key=${one.id}><b>${one.objective ? title(one.objective) : "everything"}</b>${one.service && html`<${Service} name=${one.service} />`}
      <span class="muted">until <${Time} us=${one.ends_us} millis=${false} />${one.by && ` by ${plain(one.by)}`}${one.note && `: ${plain(one.note)}`}</span>
      <span class="space"></span><button type="button" class="button small" onClick=${() => end(one.id)}>End it</button></li>`)}</ul></section>`;
}
