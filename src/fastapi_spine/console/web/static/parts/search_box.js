// The search: what is looked for, in words; a mistake under a caret; help that can be clicked.

import { plain } from "./format.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import { useKeys } from "./keys.js";
import { setQuery } from "./router.js";

const HELP = {
  requests: [
    ["failed:yes", "what failed: 5xx, an exception, a span with status error"],
    ["slower:300ms", "what took longer; faster: is the other side"],
    ["status>=500", "a number by size; status:404 and status:5xx too"],
    ["service:orders route:/orders/{order_id}", "all terms must hold; key:a,b is one of them, key:pre* a beginning"],
    ["user_id:42", "any other key is an attribute, of the request or of its lines"],
    ["\"pool exhausted\"", "words of its log lines"],
    ["-service:payments", "a minus turns a term round"],
  ],
  logs: [
    ["level:warn", "that level or worse"],
    ["service:orders logger:shop.orders", "all terms must hold; key:a,b is one of them, key:pre* a beginning"],
    ["pool exhausted", "lines with all of these words; \"in quotes\" in this order"],
    ["user_id:42", "any other key is a field of the line"],
    ["id:0199…", "lines of one request"],
    ["-level:info", "a minus turns a term round"],
  ],
};

function Mistake({ text, problem }) {
  const at = Math.max(0, Number(problem.position) || 0);
  const length = Math.max(1, Number(problem.length) || 1);
  return html`<div class="mistake" role="alert" id="search-mistake">
    <div class="cut">${text}</div>
    <div class="caret" aria-hidden="true">${" ".repeat(Math.min(at, 500))}${"^".repeat(Math.min(length, 200))}</div>
    <p>${plain(problem.detail ?? problem.title ?? "This search cannot be read.")} ${plain(problem.hint ?? "")}</p>
  </div>`;
}

/** The box. What is typed counts after a pause or on Enter, and stands in the address. */
export function SearchBox({ query, error, kind }) {
  const asked = query.get("q") ?? "";
  const [text, setText] = useState(asked);
  const [help, setHelp] = useState(false);
  const input = useRef(null);
  const sent = useRef(asked);
  useEffect(() => {
    if (asked !== sent.current) {
      sent.current = asked;
      setText(asked);
    }
  }, [asked]);
  const send = (value, replace) => {
    sent.current = value;
    setQuery({ q: value }, { replace });
  };
  useEffect(() => {
    if (text === sent.current) return undefined;
    const timer = setTimeout(() => send(text, true), 450);
    return () => clearTimeout(timer);
  }, [text]);
  useKeys({ "/": () => input.current?.focus() });
  const choose = (term) => {
    const value = text.trim() ? `${text.trim()} ${term}` : term;
    setText(value);
    setHelp(false);
    send(value, false);
    input.current?.focus();
  };
  const problem = error?.problem?.position !== undefined ? error.problem : null;
  const leave = (event) => {
    if (!event.currentTarget.contains(event.relatedTarget)) setHelp(false);
  };
  return html`<form class="search" role="search" onFocusOut=${leave} onSubmit=${(event) => {
    event.preventDefault();
    setHelp(false);
    send(text, false);
  }}>
    <div class="box">
      <${Icon} name="search" />
      <input ref=${input} value=${text} type="search" autocomplete="off" autocapitalize="off" spellcheck=${false}
        aria-label=${kind === "logs" ? "Search log lines" : "Search requests"} aria-invalid=${problem ? "true" : "false"}
        aria-describedby=${problem ? "search-mistake" : undefined}
        placeholder=${kind === "logs" ? "level:warn service:orders pool exhausted" : "failed:yes slower:300ms service:orders user_id:42"}
        onInput=${(event) => setText(event.target.value)} onFocus=${() => setHelp(true)}
        onKeyDown=${(event) => { if (event.key === "Escape") { setHelp(false); } }} />
      <kbd class="hint-key" aria-hidden="true">/</kbd>
    </div>
    ${problem && html`<${Mistake} text=${asked} problem=${problem} />`}
    ${help && !problem && !text && html`<div class="help">
      <h3>Terms, separated by blanks; all must hold</h3>
      <dl>${HELP[kind].map(([term, word]) => html`<dt key=${term}><button type="button" onClick=${() => choose(term)}>${term}</button></dt><dd>${word}</dd>`)}</dl>
    </div>`}
  </form>`;
}
