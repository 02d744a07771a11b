// What would have fired: today's objectives, looked at on stored numbers.

import { PastAlert } from "./alert.js";
import { ask } from "./api.js";
import { html, useState } from "./html.js";
import { Bones, Trouble } from "./words.js";

/** A button, and what it found. */
export function Replay() {
  const [state, setState] = useState({ answer: null, error: null, busy: false });
  const look = async () => {
    setState({ answer: null, error: null, busy: true });
    try {
      setState({ answer: await ask("alerts/replay", { since: "7d" }), error: null, busy: false });
    } catch (error) {
      setState({ answer: null, error, busy: false });
    }
  };
  const { answer } = state;
  return html`<div class="replay"><button type="button" class="button small" disabled=${state.busy} onClick=${look}>What would have fired in the last 7 days</button>
    <span class="faint">by these objectives, on the numbers that are kept</span>
    <${Trouble} error=${state.error} />${state.busy && html`<${Bones} lines=${3} />`}
    ${answer && (answer.alerts.length === 0 ? html`<p class="muted">Nothing.</p>` : html`<ol class="past">${answer.alerts.map((one) => html`<${PastAlert} key=${one.id} alert=${one} />`)}</ol>`)}
    ${answer?.truncated && html`<p class="faint">The numbers do not reach back that far, or there were more than can be shown.</p>`}</div>`;
}
