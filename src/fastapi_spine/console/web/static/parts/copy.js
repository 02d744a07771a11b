// Copying a text, with a word that it happened.

import { html, useEffect, useState } from "./html.js";
import { Icon } from "./icons.js";

/** Put a text on the clipboard; on plain HTTP from another machine browsers offer only the old way. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

/** A button that copies. */
export function Copy({ text, label, word = "" }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(false), 1600);
    return () => clearTimeout(timer);
  }, [done]);
  const act = async (event) => {
    event.stopPropagation();
    setDone(await copyText(text));
  };
  const kind = word ? "button" : "button quiet small icon";
  return html`<button type="button" class=${kind} onClick=${act} aria-label=${word ? undefined : label} title=${label}>
    <${Icon} name=${done ? "check" : "copy"} />${word && html`<span>${done ? "Copied" : word}</span>`}
    ${!word && html`<span class="unseen" role="status">${done ? "copied" : ""}</span>`}
  </button>`;
}
