// Requests: what comes in now and what came before, by search and time.

import { CONNECTION_WORDS, useFeed } from "../parts/feed.js";
import { duration, oneLine, plain } from "../parts/format.js";
import { html, useEffect, useRef, useState } from "../parts/html.js";
import { Icon } from "../parts/icons.js";
import { useKeys } from "../parts/keys.js";
import { go, requestUrl, setQuery } from "../parts/router.js";
import { SearchBox } from "../parts/search_box.js";
import { FilePicker, useDrop } from "../parts/trace_file.js";
import { useNarrow, Windowed } from "../parts/windowed.js";
import { Bones, Empty, Service, Status, Time, Trouble, Unsent } from "../parts/words.js";
import { windowOf, WindowPicker } from "../parts/window_picker.js";

const HEAD = [
  { word: "Time" }, { word: "Status" }, { word: "Request" }, { word: "Service" }, { word: "Duration", kind: "right" },
  { word: "Error", kind: "error-cell" }, { word: "Request id", kind: "id-cell" },
];

/** How wide a duration's bar is: by its logarithm from 1 ms to 10 s, so that 3 ms and 3 s can stand in one column. */
export function barShare(us) {
  return Math.max(0.03, Math.min(1, Math.log10(Math.max(1, us / 1000)) / 4));
}

function Cells({ row }) {
  return html`
    <span class="time-cell faint cut" role="cell"><${Time} us=${row.start_us} /></span>
    <span role="cell"><${Status} row=${row} /></span>
    <a class="path-cell" role="cell" href=${requestUrl(row.request_id || row.trace_id)} tabindex="-1">
      <span class="method">${plain(row.method)}</span><b class="cut">${plain(row.route || row.path)}</b>
      ${row.route && row.path !== row.route && html`<span class="faint cut">${oneLine(row.path, 160)}</span>`}</a>
    <span class="service-cell cut" role="cell"><${Service} name=${row.service} /></span>
    <span class=${`took num ${row.duration_us > 1e6 ? "slow" : ""}`} role="cell">
      <i style=${{ width: `${barShare(row.duration_us) * 100}%` }}></i><span class="right">${duration(row.duration_us)}</span></span>
    <span class="error-cell cut bad" role="cell">${oneLine(row.error || row.outcome, 120)}</span>
    <span class="id-cell cut mono faint" role="cell" title=${plain(row.request_id)}>${plain(row.request_id || row.trace_id).slice(-8)}</span>`;
}

const CHIPS = [["failed:yes", "Failed"], ["slower:500ms", "Slower than 500 ms"], ["status:4xx", "Refused, 4xx"]];

function Chips({ q }) {
  const terms = q.split(/\s+/).filter(Boolean);
  const turn = (term) => setQuery({ q: (terms.includes(term) ? terms.filter((one) => one !== term) : [...terms, term]).join(" ") });
  return html`<div class="chips">${CHIPS.map(([term, word]) => html`<button type="button" key=${term} class="button small"
    aria-pressed=${terms.includes(term)} onClick=${() => turn(term)}>${word}</button>`)}</div>`;
}

/** The page. */
export default function Requests({ route }) {
  const { query } = route;
  const q = query.get("q") ?? "";
  const { since, until } = windowOf(query);
  const live = query.get("live") !== "off" && !until;
  const narrow = useNarrow();
  const body = useRef(null);
  const over = useRef(false);
  const [chosen, setChosen] = useState(-1);
  const chosenNow = useRef(chosen);
  chosenNow.current = chosen;
  const paused = () => over.current || chosenNow.current >= 0 || (body.current?.scrollTop ?? 0) > 40;
  const feed = useFeed("requests", "requests", { q, since, until }, { live, paused });
  useEffect(() => setChosen(-1), [q, since, until]);
  const rows = feed.rows;
  const open = (at) => rows[at] && go(requestUrl(rows[at].request_id || rows[at].trace_id, rows[at].request_id ? {} : {}));
  const move = (by) => rows.length > 0 && setChosen((at) => Math.max(0, Math.min(rows.length - 1, at + by)));
  const catchUp = () => {
    setChosen(-1);
    if (body.current) body.current.scrollTop = 0;
    feed.catchUp();
  };
  useKeys({
    j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1),
    Enter: () => (chosen >= 0 ? open(chosen) : false), Escape: () => (chosen >= 0 ? catchUp() : false),
    l: () => setQuery({ live: live ? "off" : "" }),
  });
  const dropping = useDrop();
  const count = rows.length + (feed.older ? "+" : "");
  return html`<main id="main" class=${`main full ${dropping ? "dropping" : ""}`} tabindex="-1">
    <h1 class="unseen">Requests</h1>
    <div class="bar-line">
      <${SearchBox} query=${query} error=${feed.error} kind="requests" />
      <${WindowPicker} query=${query} />
      <button type="button" class="button" aria-pressed=${live} disabled=${Boolean(until)} title="Live tail (l)"
        onClick=${() => setQuery({ live: live ? "off" : "" })}><span class="live-dot"></span>Live</button>
      <${FilePicker} />
    </div>
    <div class="bar-line"><${Chips} q=${q} /><span class="faint num" role="status">${feed.loading ? "Searching…" : feed.error ? "" : `${count} requests`}
      ${live && !["live", "off"].includes(feed.connection) && !feed.loading && ` · ${CONNECTION_WORDS[feed.connection]}`}
      ${feed.behind > 0 && ` · ${feed.behind} left out: more came than can be shown`}
      ${!feed.whole && " · not everything was searched yet, scroll on for more"}</span></div>
    <${Trouble} error=${feed.error} />
    ${feed.loading && rows.length === 0 ? html`<${Bones} lines=${14} />`
      : rows.length === 0 ? !feed.error && html`<${Nothing} q=${q} live=${live} />`
      : html`<div class="split requests" onPointerEnter=${() => { over.current = true; }}
          onPointerLeave=${() => { over.current = false; if (!paused()) feed.catchUp(); }}>
        <${Windowed} items=${rows} rowHeight=${narrow ? 54 : 34} keyOf=${(row) => row.cursor} head=${HEAD} label="Requests, newest first"
          row=${(row) => html`<${Cells} row=${row} />`} rowClass=${(row) => (row.failed ? "failed" : "")} chosen=${chosen}
          onOpen=${open} scroller=${body} onEnd=${feed.more}
          foot=${feed.older ? "Loading older requests…" : "No older requests in this window"}>
          ${feed.waiting > 0 && html`<button type="button" class="pill" onClick=${catchUp}>↑ ${feed.waiting} new</button>`}
        <//></div>`}
    <span class="unseen" aria-live="polite">${feed.waiting > 0 ? `${feed.waiting} new requests wait above` : ""}</span>
  </main>`;
}

function Nothing({ q, live }) {
  if (q) {
    return html`<${Empty} title="No request fits this search">
      <p>Widen the time, or take a term away.</p>
      <p><button type="button" class="button" onClick=${() => setQuery({ q: "" })}>Show all requests</button></p>
    <//>`;
  }
  return html`<${Unsent} title="No requests in this window">
    <p>${live ? "This page is listening: the first request appears here by itself." : "Widen the time above, or send some."}</p><//>`;
}
