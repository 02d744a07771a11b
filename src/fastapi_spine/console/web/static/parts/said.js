// What a line says in one row: an access line the request that it sums up, any other its message, with its fields behind.

import { duration, oneLine, plain } from "./format.js";
import { html } from "./html.js";

const ACCESS = "spine.access";
const SUMMED_UP = new Set(["request completed", "request failed"]);
const MOST_FIELDS = 6;
// These stand elsewhere in a row, or in its panel.
const ELSEWHERE = /^(spine\.)?(request_id|held)$|^exception\.|^spine\.elapsed_ms$/;

function access(line) {
  const told = line.attributes ?? {};
  const websocket = told["network.protocol.name"] === "websocket";
  const method = websocket ? "WS" : told["http.request.method"];
  const path = told["url.path"];
  if (line.logger !== ACCESS || typeof method !== "string" || typeof path !== "string") return null;
  const elapsed = told["spine.elapsed_ms"];
  const ended = (websocket ? told["websocket.close_code"] : null) ?? told["http.response.status_code"] ?? "–";
  const outcome = told["spine.outcome"] ?? "completed";
  const parts = [
    `${method} ${path} → ${plain(ended)}`,
    Number.isFinite(elapsed) ? duration(elapsed * 1000) : "",
    outcome === "completed" ? "" : plain(outcome).replaceAll("_", " "),
    SUMMED_UP.has(line.message) ? "" : plain(line.message),
  ];
  return parts.filter(Boolean).join("  ");
}

/** A line's text, on one row and at most so long. */
export function saidText(line, most = 300) {
  return oneLine(access(line) ?? line.message, most);
}

function fields(line) {
  if (access(line) !== null) return [];
  return Object.entries(line.attributes ?? {}).filter(([key]) => !ELSEWHERE.test(key)).slice(0, MOST_FIELDS);
}

/** A line's text, its fields in a quiet colour behind it. */
export function Said({ line, most = 300 }) {
  const told = fields(line).map(([key, value]) => `${plain(key)}=${oneLine(value, 60)}`).join(" ");
  return html`${saidText(line, most)}${told && html` <span class="said-fields">${told}</span>`}`;
}
