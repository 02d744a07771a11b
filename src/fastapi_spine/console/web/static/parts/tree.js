// A trace as rows: who called whom, log lines at their time, repeated siblings folded into one. Pure.

/** So many siblings that are called the same become one row. */
export const REPEATED = 4;

/** What a title has in common with its repetitions: numbers do not count. */
export function pattern(title) {
  return title.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{16,}\b|\d+/gi, "#");
}

const INTERNAL = 1;
const FEW = 50;

// A layer may know a line's request and not the step it was written in: the line then stands in the one step of the
// same service that ran at that moment.
function during(node, at) {
  for (;;) {
    if (node.children.length > FEW) return node;
    const running = node.children.filter(({ span }) => span.kind === INTERNAL && span.service === node.span.service
      && span.start_us <= at && at <= span.start_us + span.duration_us);
    if (running.length !== 1) return node;
    const alike = node.children.filter(({ span }) => pattern(span.title) === pattern(running[0].span.title));
    if (alike.length >= REPEATED) return node; // in a folded row it would not be seen
    [node] = running;
  }
}

/** Nodes `{span, children, lines, failed}` below each other; spans whose caller is missing are roots. */
export function treeOf(view) {
  const nodes = new Map();
  const all = view.spans.map((span) => {
    const node = { span, children: [], lines: [], failures: 0, parent: null };
    nodes.set(span.span_id, node);
    return node;
  });
  const roots = [];
  const seen = new Set();
  for (const node of all) {
    const parent = nodes.get(node.span.parent_id);
    // A caller stands before what it called; a file that says otherwise cannot make a circle.
    if (parent && parent !== node && seen.has(parent)) {
      parent.children.push(node);
      node.parent = parent;
    } else roots.push(node);
    seen.add(node);
  }
  const first = nodes.get(view.request?.span_id) ?? roots[0];
  const loose = [];
  for (const line of view.logs) {
    const node = nodes.get(line.span_id) ?? first;
    (node ? during(node, line.at_us - view.start_us).lines : loose).push(line);
  }
  for (let at = all.length - 1; at >= 0; at -= 1) {
    const node = all[at];
    if (node.span.failed) node.failures += 1;
    if (node.parent) node.parent.failures += node.failures;
  }
  return { roots, loose, nodes };
}

function groupsOf(children) {
  const byName = new Map();
  for (const child of children) {
    const name = `${child.span.service}\n${child.span.kind}\n${pattern(child.span.title)}`;
    if (!byName.has(name)) byName.set(name, []);
    byName.get(name).push(child);
  }
  return byName;
}

function entriesOf(node, start, { lines, critical }) {
  const entries = [];
  for (const [name, members] of groupsOf(node.children)) {
    const shown = critical ? members.filter((member) => member.span.critical) : members;
    if (shown.length >= REPEATED) entries.push({ at: shown[0].span.start_us, group: shown, name });
    else for (const member of shown) entries.push({ at: member.span.start_us, node: member });
  }
  if (lines) for (const line of node.lines) entries.push({ at: line.at_us - start, line });
  return entries.sort((a, b) => a.at - b.at);
}

/**
 * The rows to draw.
 *
 * `turned` holds the keys of spans that are folded and of groups that are unfolded: the usual is a span open, a group
 * closed. `lines` draws log lines, `critical` only what the end had to wait for.
 */
export function rowsOf(view, tree, { turned, lines = true, critical = false }) {
  const rows = [];
  // A stack of its own, not recursion: a trace may be ten thousand calls deep.
  const waiting = [...tree.roots].reverse().map((node) => ({ node, depth: 0 }));
  for (const line of lines ? tree.loose : []) rows.push({ kind: "line", key: `l${line.cursor}`, line, depth: 0 });
  while (waiting.length > 0) {
    const one = waiting.pop();
    const { depth } = one;
    if (one.line) {
      rows.push({ kind: "line", key: `l${one.line.cursor}`, line: one.line, depth });
    } else if (one.group) {
      const key = `g${one.group[0].span.span_id}`;
      const open = turned.has(key);
      rows.push({ kind: "group", key, nodes: one.group, depth, open, opens: true });
      if (open) for (let at = one.group.length - 1; at >= 0; at -= 1) waiting.push({ node: one.group[at], depth: depth + 1 });
    } else {
      const { node } = one;
      const key = `s${node.span.span_id}`;
      const entries = entriesOf(node, view.start_us, { lines, critical });
      const open = entries.length > 0 && !turned.has(key);
      rows.push({ kind: "span", key, node, depth, open, opens: entries.length > 0 });
      if (open) for (let at = entries.length - 1; at >= 0; at -= 1) waiting.push({ ...entries[at], depth: depth + 1 });
    }
  }
  return rows;
}

/** What must be unfolded so that a span has a row; a new set. */
export function unfoldedTo(tree, spanId, turned) {
  const next = new Set(turned);
  for (let node = tree.nodes.get(spanId); node; node = node.parent) {
    const siblings = groupsOf(node.parent?.children ?? []);
    for (const members of siblings.values()) {
      if (members.length >= REPEATED && members.includes(node)) next.add(`g${members[0].span.span_id}`);
    }
    if (node.parent) next.delete(`s${node.parent.span.span_id}`);
  }
  return next;
}

/** Failed spans, the innermost of each chain first: where a failure began, then whom it took along. */
export function failuresOf(view) {
  return view.spans.filter((span) => span.failed).sort((a, b) => b.depth - a.depth || a.start_us - b.start_us);
}

/** The beginning that the asked request is part of; null if the trace has no other beginning, or none was asked for. */
export function ownRoot(tree, request) {
  let node = tree.nodes.get(request?.span_id);
  if (!node || tree.roots.length < 2) return null;
  while (node.parent) node = node.parent;
  return node;
}

/** The part of a trace that stands below one beginning: a shopper's trace holds many requests, one is asked for. */
export function partOf(view, tree, root) {
  const inside = new Set();
  const waiting = [root];
  while (waiting.length > 0) {
    const node = waiting.pop();
    inside.add(node.span.span_id);
    waiting.push(...node.children);
  }
  const homeless = (line) => !tree.nodes.has(line.span_id) && (!line.request_id || line.request_id === view.request?.request_id);
  const spans = view.spans.filter((span) => inside.has(span.span_id));
  return {
    ...view, spans, logs: view.logs.filter((line) => inside.has(line.span_id) || homeless(line)),
    services: [...new Set(spans.map((span) => span.service))],
    requests: view.requests.filter((row) => inside.has(row.span_id)),
  };
}

/** From when to when the spans reach, in microseconds of the trace. */
export function reachOf(view) {
  let from = Infinity;
  let to = -Infinity;
  for (const span of view.spans) {
    from = Math.min(from, span.start_us);
    to = Math.max(to, span.start_us + span.duration_us);
  }
  return from <= to ? { from, to: Math.max(to, from + 1) } : { from: 0, to: Math.max(view.duration_us, 1) };
}

/**
 * Where the request's time went: what the calls on its critical path took by themselves, by service and title, most
 * first; the same rule as the header fact of the terminal. `of` is their sum.
 */
export function holdersOf(view, tree) {
  const asked = tree.nodes.get(view.request?.span_id) ?? tree.roots[0];
  const held = new Map();
  const waiting = asked?.span.critical ? [asked] : [];
  while (waiting.length > 0) {
    const { span, children } = waiting.pop();
    const key = `${span.service}\n${span.title}`;
    const one = held.get(key) ?? { service: span.service, title: span.title, us: 0, times: 0, longest: span };
    one.us += span.self_us;
    one.times += 1;
    if (span.self_us > one.longest.self_us) one.longest = span;
    held.set(key, one);
    waiting.push(...children.filter((child) => child.span.critical));
  }
  const all = [...held.values()].sort((a, b) => b.us - a.us);
  return { holders: all, of: all.reduce((sum, one) => sum + one.us, 0) };
}

/** Type, message and stack of what went wrong; null if nothing did. */
export function causeOf(view) {
  const failed = failuresOf(view);
  for (const span of failed) {
    const event = span.events.find((one) => one.name === "exception");
    if (event) {
      const told = event.attributes;
      return {
        span, type: String(told["exception.type"] ?? "exception"), message: String(told["exception.message"] ?? ""),
        stack: String(told["exception.stacktrace"] ?? ""),
      };
    }
  }
  const line = view.logs.find((one) => one.stack) ?? view.logs.find((one) => one.severity >= 17);
  if (failed.length === 0 && !line?.stack && !view.request?.failed) return null;
  const span = failed[0] ?? view.spans.find((one) => one.span_id === line?.span_id) ?? view.spans[0];
  const stack = line?.stack ?? "";
  const told = line?.attributes ?? {};
  if (told["exception.type"]) return { span, type: String(told["exception.type"]), message: String(told["exception.message"] ?? ""), stack };
  const type = view.request?.error || String(span?.attributes["error.type"] ?? "");
  return { span, type: type || "failed", message: span?.status_message || line?.message || "", stack };
}

/** Steps for an axis: at most `most` round numbers from `from` to `to`. */
export function ticksOf(from, to, most = 6) {
  const length = Math.max(1e-3, to - from);
  const raw = length / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((size) => size >= raw) ?? raw;
  const ticks = [];
  for (let at = Math.ceil(from / step) * step; at <= to + 1e-9 && ticks.length < 50; at += step) ticks.push(at);
  return ticks;
}
