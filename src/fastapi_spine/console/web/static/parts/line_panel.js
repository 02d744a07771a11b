// One log line whole, and its neighbours.

import { useAnswer } from "./api.js";
import { Attributes } from "./attributes.js";
import { Copy } from "./copy.js";
import { plain } from "./format.js";
import { html, useState } from "./html.js";
import { Icon } from "./icons.js";
import { requestUrl } from "./router.js";
import { saidText } from "./said.js";
import { Stack } from "./stack.js";
import { Bones, Level, Service, Time, Trouble } from "./words.js";

function linesOf(answer) {
  if (Array.isArray(answer)) return answer;
  return answer?.logs ?? [];
}

function Around({ line, onChoose }) {
  const [all, setAll] = useState(false);
  const { answer, error } = useAnswer("logs/around", { cursor: line.cursor, before: 12, after: 12, service: all ? "" : line.service });
  return html`<section><header class="panel-line"><h3>Before and after</h3>
      <div class="choice"><button type="button" aria-pressed=${!all} onClick=${() => setAll(false)}>${plain(line.service)}</button>
      <button type="button" aria-pressed=${all} onClick=${() => setAll(true)}>all services</button></div></header>
    <${Trouble} error=${error} />
    ${answer === null && !error ? html`<${Bones} lines=${8} />` : html`<ol class="around">${linesOf(answer).map((one) => html`<li key=${one.cursor}>
      <button type="button" class=${one.cursor === line.cursor ? "chosen" : ""} aria-current=${one.cursor === line.cursor ? "true" : undefined}
        onClick=${() => onChoose(one)}><${Time} us=${one.at_us} /><${Level} line=${one} /><span class="cut">${saidText(one, 200)}</span></button></li>`)}</ol>`}
  </section>`;
}

/** The panel beside the list. */
export function LinePanel({ line, onClose, onChoose }) {
  const id = line.request_id || line.trace_id;
  return html`<aside class="panel" aria-label="Log line">
    <header class="panel-head"><div><${Level} line=${line} /> <${Service} name=${line.service} /></div>
      <span class="space"></span><${Copy} text=${line.message} label="Copy the message" />
      <button type="button" class="button quiet small icon" onClick=${onClose} aria-label="Close (Esc)"><${Icon} name="close" /></button></header>
    <div class="panel-body">
      <pre class="message-whole">${plain(line.message)}</pre>
      ${id && html`<p><a class="button main-act" href=${requestUrl(id)}>Open its request</a></p>`}
      <dl class="facts-list">
        <dt>time</dt><dd><${Time} us=${line.at_us} /></dd>
        <dt>logger</dt><dd class="mono">${plain(line.logger)}</dd>
        ${line.request_id && html`<dt>request id</dt><dd class="mono">${plain(line.request_id)} <${Copy} text=${line.request_id} label="Copy the request id" /></dd>`}
        ${line.trace_id && html`<dt>trace id</dt><dd class="mono">${plain(line.trace_id)}</dd>`}
        ${line.held && html`<dt>held back</dt><dd>written because its request failed or was slow</dd>`}
      </dl>
      ${line.stack && html`<section><header class="panel-line"><h3>Stack</h3><${Copy} text=${line.stack} label="Copy the stack" /></header>
        <${Stack} text=${line.stack} /></section>`}
      <section><h3>Fields</h3><${Attributes} of=${line.attributes} page="/logs" /></section>
      <${Around} line=${line} onChoose=${onChoose} key=${line.cursor} />
    </div>
  </aside>`;
}
