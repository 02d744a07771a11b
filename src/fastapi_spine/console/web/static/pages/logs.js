// Logs: lines by search and time, live; one line whole, with what stood before and after it.

import { CONNECTION_WORDS, useFeed } from "../parts/feed.js";
import { plain } from "../parts/format.js";
import { html, useEffect, useRef, useState } from "../parts/html.js";
import { useKeys } from "../parts/keys.js";
import { LinePanel } from "../parts/line_panel.js";
import { go, requestUrl, setQuery } from "../parts/router.js";
import { Said } from "../parts/said.js";
import { SearchBox } from "../parts/search_box.js";
import { useNarrow, Windowed } from "../parts/windowed.js";
import { Bones, Empty, Level, Service, Time, Trouble, Unsent } from "../parts/words.js";
import { windowOf, WindowPicker } from "../parts/window_picker.js";

const HEAD = [{ word: "Time" }, { word: "Level" }, { word: "Service" }, { word: "Message" }, { word: "Logger", kind: "logger-cell" }];
const CHIPS = [["level:warn", "Warnings and worse"], ["level:error", "Errors"]];

function Cells({ line }) {
  return html`
    <span class="time-cell faint cut" role="cell"><${Time} us=${line.at_us} /></span>
    <span class="level-cell" role="cell"><${Level} line=${line} /></span>
    <span class="service-cell cut" role="cell"><${Service} name=${line.service} /></span>
    <span class="message cut" role="cell"><${Said} line=${line} />${line.stack && html` <span class="badge">stack</span>`}
      ${line.held && html` <span class="badge">held</span>`}</span>
    <span class="logger-cell cut mono faint" role="cell">${plain(line.logger)}</span>`;
}

/** The page. */
export default function Logs({ route }) {
  const { query } = route;
  const q = query.get("q") ?? "";
  const { since, until } = windowOf(query);
  const live = query.get("live") !== "off" && !until;
  const narrow = useNarrow();
  const body = useRef(null);
  const over = useRef(false);
  const [line, setLine] = useState(null);
  const shown = useRef(line);
  shown.current = line;
  const paused = () => over.current || shown.current !== null || (body.current?.scrollTop ?? 0) > 40;
  const feed = useFeed("logs", "logs", { q, since, until }, { live, paused });
  useEffect(() => setLine(null), [q, since, until]);
  const rows = feed.rows;
  const chosen = line ? rows.findIndex((row) => row.cursor === line.cursor) : -1;
  const move = (by) => rows.length > 0 && setLine(rows[Math.max(0, Math.min(rows.length - 1, chosen + by))]);
  const catchUp = () => {
    setLine(null);
    if (body.current) body.current.scrollTop = 0;
    feed.catchUp();
  };
  const close = () => {
    shown.current = null;
    setLine(null);
    if (!paused()) feed.catchUp();
  };
  useKeys({
    j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1),
    Enter: () => (line && (line.request_id || line.trace_id) ? go(requestUrl(line.request_id || line.trace_id)) : false),
    Escape: () => (line ? close() : false), l: () => setQuery({ live: live ? "off" : "" }),
  });
  const terms = q.split(/\s+/).filter(Boolean);
  const turn = (term) => setQuery({ q: (terms.includes(term) ? terms.filter((one) => one !== term) : [...terms, term]).join(" ") });
  return html`<main id="main" class="main full" tabindex="-1">
    <h1 class="unseen">Logs</h1>
    <div class="bar-line">
      <${SearchBox} query=${query} error=${feed.error} kind="logs" />
      <${WindowPicker} query=${query} />
      <button type="button" class="button" aria-pressed=${live} disabled=${Boolean(until)} title="Live tail (l)"
        onClick=${() => setQuery({ live: live ? "off" : "" })}><span class="live-dot"></span>Live</button>
    </div>
    <div class="bar-line"><div class="chips">${CHIPS.map(([term, word]) => html`<button type="button" key=${term} class="button small"
      aria-pressed=${terms.includes(term)} onClick=${() => turn(term)}>${word}</button>`)}</div>
      <span class="faint num" role="status">${feed.loading ? "Searching…" : feed.error ? "" : `${rows.length}${feed.older ? "+" : ""} lines`}
      ${live && !["live", "off"].includes(feed.connection) && !feed.loading && ` · ${CONNECTION_WORDS[feed.connection]}`}
      ${feed.behind > 0 && ` · ${feed.behind} left out: more came than can be shown`}
      ${!feed.whole && " · not everything was searched yet, scroll on for more"}</span></div>
    <${Trouble} error=${feed.error} />
    ${feed.loading && rows.length === 0 ? html`<${Bones} lines=${14} />`
      : rows.length === 0 ? !feed.error && html`<${Nothing} q=${q} />`
      : html`<div class="split lines" onPointerEnter=${() => { over.current = true; }}
          onPointerLeave=${() => { over.current = false; if (!paused()) feed.catchUp(); }}>
        <${Windowed} items=${rows} rowHeight=${narrow ? 50 : 30} keyOf=${(row) => row.cursor} head=${HEAD} label="Log lines, newest first"
          row=${(row) => html`<${Cells} line=${row} />`} rowClass=${(row) => (row.severity >= 17 ? "failed" : "")} chosen=${chosen}
          onOpen=${(at, row) => setLine(row)} scroller=${body} onEnd=${feed.more}
          foot=${feed.older ? "Loading older lines…" : "No older lines in this window"}>
          ${feed.waiting > 0 && html`<button type="button" class="pill" onClick=${catchUp}>↑ ${feed.waiting} new</button>`}
        <//>
        ${line && html`<${LinePanel} line=${line} onClose=${close} onChoose=${setLine} />`}
      </div>`}
    <span class="unseen" aria-live="polite">${feed.waiting > 0 ? `${feed.waiting} new lines wait above` : ""}</span>
  </main>`;
}

function Nothing({ q }) {
  if (q) {
    return html`<${Empty} title="No line fits this search">
      <p>Widen the time, or take a term away.</p>
      <p><button type="button" class="button" onClick=${() => setQuery({ q: "" })}>Show all lines</button></p>
    <//>`;
  }
  return html`<${Unsent} title="No log lines in this window"><p>Lines appear here by themselves as they come.</p><//>`;
}
