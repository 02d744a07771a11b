// A stack as a terminal shows it: runs of library frames are one line that opens, so that the application's own stand out.

import { plain } from "./format.js";
import { html, useEffect, useRef, useState } from "./html.js";

const FRAME = /^[ |]*File "/;
// What belongs to the frame above: its source, or how many frames a sender has cut below it.
const BELOW = /^(?: {2}\|| {4}| *\[(\d+) frames left out\]$)/;
const LIBRARY = /(?:site|dist)-packages|[/\\]lib[/\\]python3|<frozen |[/\\]fastapi_spine[/\\](?!demo[/\\])/i;
const PACKAGE = /(?:site|dist)-packages[/\\]([\w-]+)|[/\\](fastapi_spine)[/\\]/i;
// Two frames take hardly more room than the line that stands for them.
const SHORTEST_FOLD = 3;

function blocksOf(text) {
  const blocks = [];
  for (const line of text.trimEnd().split("\n")) {
    const frame = FRAME.test(line);
    const last = blocks.at(-1);
    if (!frame && last?.frame && BELOW.test(line)) last.lines.push(line);
    else blocks.push({ lines: [line], frame, library: frame && LIBRARY.test(line) });
  }
  return blocks;
}

function told(run) {
  const frames = run.flatMap((block) => block.lines).reduce((sum, line) => sum + Number(line.match(BELOW)?.[1] ?? 0), run.length);
  const owners = run.map(({ lines: [line] }) => line.match(PACKAGE)).map((found) => found?.[1] ?? found?.[2] ?? "python");
  return `… ${frames} frames in ${[...new Set(owners)].join(", ")}`;
}

/** Parts of a stack: `{text, fold}`; `fold` is the line that stands for library frames, else empty. What raised is never folded. */
export function partsOf(text) {
  const parts = [];
  let run = [];
  const add = (blocks, fold) => parts.push({ text: blocks.flatMap((one) => one.lines).join("\n"), fold });
  const end = () => {
    if (run.length > 0) add(run, run.length < SHORTEST_FOLD ? "" : told(run));
    run = [];
  };
  blocksOf(text).forEach((block, at, all) => {
    if (block.library && all[at + 1]?.frame) {
      run.push(block);
      return;
    }
    end();
    add([block], "");
  });
  end();
  return parts;
}

/** The stack. A box that is too small for it begins at its end, where the exception was raised. */
export function Stack({ text }) {
  const box = useRef(null);
  const [open, setOpen] = useState(() => new Set());
  useEffect(() => { box.current.scrollTop = box.current.scrollHeight; }, [text]);
  const turn = (at) => setOpen((old) => {
    const next = new Set(old);
    if (!next.delete(at)) next.add(at);
    return next;
  });
  return html`<pre class="stack" tabindex="0" ref=${box}>${partsOf(plain(text)).map((part, at) => html`
    ${part.fold && html`<button type="button" class="fold" key=${`f${at}`} aria-expanded=${open.has(at)} onClick=${() => turn(at)}>  ${part.fold}</button>${"\n"}`}
    ${(!part.fold || open.has(at)) && html`<span key=${at} class=${part.fold ? "faint" : ""}>${part.text}${"\n"}</span>`}`)}</pre>`;
}
