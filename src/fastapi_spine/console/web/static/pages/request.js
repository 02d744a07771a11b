// One request, by its id or its trace's.

import { useAnswer } from "../parts/api.js";
import { plain } from "../parts/format.js";
import { html } from "../parts/html.js";
import { useKeys } from "../parts/keys.js";
import { Sheet } from "../parts/sheet.js";
import { FilePicker, useDrop } from "../parts/trace_file.js";
import { Bones, Trouble } from "../parts/words.js";

function decoded(path) {
  const text = path.slice("/requests/".length);
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The page. */
export default function Request({ route }) {
  const id = decoded(route.path);
  const { answer, error } = useAnswer(`traces/${encodeURIComponent(id)}`, {});
  const dropping = useDrop();
  useKeys({ Escape: () => (answer ? false : history.back()) });
  const missing = error?.status === 404;
  return html`<main id="main" class=${`main full request-page ${dropping ? "dropping" : ""}`} tabindex="-1">
    ${answer && html`<${Sheet} view=${answer} key=${answer.trace_id} />`}
    ${!answer && !error && html`<${Bones} lines=${16} />`}
    ${missing && html`<section class="empty"><h2>Nothing is kept under this id</h2>
      <p class="mono">${plain(id)}</p>
      <p>It was not sent here, is older than what is kept, or was not sampled. Its trace can take a second or two to arrive: <button type="button" class="button small" onClick=${() => location.reload()}>Look again</button></p>
      <p>If somebody saved it as a file: <${FilePicker} /></p></section>`}
    ${error && !missing && html`<${Trouble} error=${error} />`}
  </main>`;
}
