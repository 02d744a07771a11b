// A list of any length in few elements: only the rows that can be seen are there. All rows have one height.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";

const MORE = 8;

/** What can be seen of a scrolling element. */
export function useView(ref, rowHeight, length) {
  const [view, setView] = useState({ top: 0, height: 900 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    let waiting = 0;
    const look = () => {
      waiting = 0;
      setView((old) => {
        const top = element.scrollTop;
        const height = element.clientHeight;
        const same = Math.floor(old.top / rowHeight) === Math.floor(top / rowHeight) && old.height === height;
        return same ? old : { top, height };
      });
    };
    const later = () => { if (!waiting) waiting = requestAnimationFrame(look); };
    look();
    element.addEventListener("scroll", later, { passive: true });
    const sizes = new ResizeObserver(later);
    sizes.observe(element);
    return () => {
      element.removeEventListener("scroll", later);
      sizes.disconnect();
      cancelAnimationFrame(waiting);
    };
  }, [rowHeight]);
  const from = Math.max(0, Math.floor(view.top / rowHeight) - MORE);
  const to = Math.min(length, Math.ceil((view.top + view.height) / rowHeight) + MORE);
  return { from, to };
}

/** Scroll so that a row is seen whole. */
export function reveal(element, at, rowHeight, head = 0) {
  if (!element || at < 0) return;
  const top = at * rowHeight;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (top + rowHeight > element.scrollTop + element.clientHeight - head) {
    element.scrollTop = top + rowHeight - element.clientHeight + head;
  }
}

/**
 * The list.
 *
 * `row(item, at)` gives the cells; `onEnd` is called when the last rows come into view; `foot` stands below them.
 */
export function Windowed({ items, rowHeight, row, keyOf, rowClass, chosen, onChoose, onOpen, label, head, onEnd, foot, scroller, children }) {
  const own = useRef(null);
  const body = scroller ?? own;
  const { from, to } = useView(body, rowHeight, items.length);
  useEffect(() => {
    if (onEnd && items.length && to >= items.length - 5) onEnd();
  }, [to, items.length]);
  useEffect(() => {
    if (chosen >= 0) reveal(body.current, chosen, rowHeight);
  }, [chosen]);
  const rows = [];
  for (let at = from; at < to; at += 1) {
    const item = items[at];
    rows.push(html`<div key=${keyOf(item, at)} class=${`list-row ${rowClass?.(item) ?? ""} ${at === chosen ? "chosen" : ""}`}
      style=${{ top: `${at * rowHeight}px` }} role="row" aria-rowindex=${at + 2} aria-selected=${at === chosen ? "true" : "false"}
      onClick=${() => (onOpen ?? onChoose)(at, item)}>${row(item, at)}</div>`);
  }
  const height = items.length * rowHeight + (foot ? 44 : 0);
  return html`<div class="list" role="table" aria-label=${label} aria-rowcount=${items.length + 1}>
    <div class="list-head" role="row" aria-rowindex="1">${head.map((cell) => html`<span role="columnheader" class=${cell.kind ?? ""}>${cell.word}</span>`)}</div>
    ${children}
    <div class="list-body" ref=${body} tabindex="-1" role="rowgroup">
      <div class="list-space" style=${{ height: `${height}px` }}>${rows}
        ${foot && html`<div class="list-foot" style=${{ top: `${items.length * rowHeight}px` }}>${foot}</div>`}
      </div>
    </div>
  </div>`;
}

/** Whether the window is narrow, so that rows are higher. */
export function useNarrow() {
  const [narrow, setNarrow] = useState(() => matchMedia("(max-width: 700px)").matches);
  useEffect(() => {
    const media = matchMedia("(max-width: 700px)");
    const change = () => setNarrow(media.matches);
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, []);
  return narrow;
}
