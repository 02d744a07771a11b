// A service has the same colour on every page and in every session: it comes from its name alone.

const HUES = 12;
const known = new Map();

/** The class that sets `--service` for a name; `service-0` to `service-11`. */
export function serviceClass(name) {
  let found = known.get(name);
  if (found === undefined) {
    let hash = 2166136261;
    for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 16777619);
    // The last bits of this hash are weak for short names; fold the upper half in.
    found = `service-${((hash ^ (hash >>> 15)) >>> 0) % HUES}`;
    known.set(name, found);
  }
  return found;
}

/** The service's colour as the style sheet has it now, for canvases. */
export function serviceColour(name) {
  const style = getComputedStyle(document.documentElement);
  return style.getPropertyValue(`--${serviceClass(name)}`).trim() || "#888";
}

/** Any colour of the style sheet, for canvases. */
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
}
