// The keyboard: single keys and `g x` chords, silent while somebody types.

import { useLayoutEffect, useRef } from "./html.js";

const stack = [];
let chord = -Infinity;

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function nameOf(event) {
  if (event.metaKey || event.ctrlKey || event.altKey) return "";
  const { key } = event;
  const now = event.timeStamp;
  if (key !== "g" && now - chord < 1200) {
    chord = -Infinity;
    return `g ${key}`;
  }
  chord = key === "g" ? now : -Infinity;
  return key;
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const name = nameOf(event);
  for (let at = stack.length - 1; name && at >= 0; at -= 1) {
    const act = stack[at].current[name];
    if (act && act(event) !== false) {
      event.preventDefault();
      return;
    }
  }
});

/**
 * While shown, let these keys do these things; what is shown later comes first. `false` passes a key on.
 * Laid with what is shown, not after the next frame: whoever sees a page can already use its keys.
 */
export function useKeys(actions) {
  const holder = useHolder(actions);
  useLayoutEffect(() => {
    stack.push(holder);
    return () => stack.splice(stack.indexOf(holder), 1);
  }, []);
}

function useHolder(actions) {
  const holder = useRef(actions);
  holder.current = actions;
  return holder;
}

/** What `?` shows. */
export const HELP = [
  ["/", "search"], ["j k", "next, previous row"], ["Enter", "open"], ["Esc", "back, close"],
  ["g o", "Overview"], ["g r", "Requests"], ["g l", "Logs"], ["g e", "Errors"], ["g a", "Alerts"], ["g h", "Health"],
  ["l", "live tail on, off"], ["e", "next error of a request"], ["f", "fold, unfold a span"], ["z", "look into a span, and out"], ["c", "copy the request's id"],
  ["t", "light, dark"], ["?", "this help"],
];
