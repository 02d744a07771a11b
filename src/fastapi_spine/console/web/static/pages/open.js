// A request from a file: the page of a request, without asking the console for anything.

import { Sheet } from "../parts/sheet.js";
import { plain } from "../parts/format.js";
import { html, useState } from "../parts/html.js";
import { FilePicker, useDrop, useOpened } from "../parts/trace_file.js";

/** The page. */
export default function Open() {
  const opened = useOpened();
  const [wrong, setWrong] = useState("");
  const dropping = useDrop(setWrong);
  if (opened) {
    return html`<main id="main" class=${`main full request-page ${dropping ? "dropping" : ""}`} tabindex="-1">
      <div class="notice"><p>From the file <b>${plain(opened.name)}</b>; this console was not asked about it.</p><${FilePicker} word="Open another" /></div>
      ${wrong && html`<div class="notice bad-notice" role="alert"><p>${wrong}</p></div>`}
      <${Sheet} view=${opened.view} key=${opened.name + opened.view.trace_id} />
    </main>`;
  }
  return html`<main id="main" class=${`main ${dropping ? "dropping" : ""}`} tabindex="-1"><section class="empty">
    <h2>Open a saved request</h2>
    <p>Drop its file anywhere on this page, or choose it. It is read in this browser only, and needs nothing from the store.</p>
    <p><${FilePicker} word="Choose a file" /></p>
    ${wrong && html`<p class="bad" role="alert">${wrong}</p>`}
    <p class="faint">Files come from Download on a request's page, or from <code>spine show ID --json</code>.</p>
  </section></main>`;
}
