// Numbers, times and texts as people read them. Pure.

const TWO = (n) => String(n).padStart(2, "0");

/** A duration of microseconds: `840 µs`, `12.4 ms`, `1.24 s`, `2 m 03 s`. */
export function duration(us) {
  if (us === null || us === undefined || !Number.isFinite(us)) return "–";
  const size = Math.abs(us);
  if (size < 999.5) return `${Math.round(us)} µs`;
  if (size < 99_950) return `${(us / 1e3).toFixed(size < 9_995 ? 2 : 1)} ms`;
  if (size < 999_500) return `${Math.round(us / 1e3)} ms`;
  if (size < 59_995_000) return `${(us / 1e6).toFixed(size < 9_995_000 ? 2 : 1)} s`;
  const seconds = Math.round(us / 1e6);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${TWO(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${TWO(Math.floor((seconds % 3600) / 60))} m`;
}

/** A count: `912`, `12.4 k`, `1.2 M`. */
export function count(n) {
  if (!Number.isFinite(n)) return "–";
  if (n < 10_000) return n.toLocaleString("en-US");
  if (n < 999_500) return `${(n / 1e3).toFixed(n < 99_950 ? 1 : 0)} k`;
  if (n < 999_500_000) return `${(n / 1e6).toFixed(n < 99_950_000 ? 1 : 0)} M`;
  return `${(n / 1e9).toFixed(1)} G`;
}

/** A number that needs no more than two digits behind the point: `0.02`, `9.3`, `412`. */
export function figure(n) {
  if (!Number.isFinite(n)) return "–";
  if (n === 0) return "0";
  return n < 1 ? n.toFixed(2) : n < 100 ? n.toFixed(1) : count(Math.round(n));
}

/** How often, given how often a second: `2.7/min`, `9.3/s`, `412/s`; rare things are counted by the minute. */
export function rate(n) {
  if (!Number.isFinite(n)) return "–";
  if (n === 0) return "0";
  if (n >= 1) return `${figure(n)}/s`;
  return n * 60 < 0.1 ? "<0.1/min" : `${(n * 60).toFixed(1)}/min`;
}

/** A share from 0 to 1: `0 %`, `0.02 %`, `6.3 %`. */
export function share(part, whole) {
  if (!whole) return "–";
  const percent = (part / whole) * 100;
  if (percent === 0) return "0 %";
  if (percent < 0.01) return "<0.01 %";
  return `${percent.toFixed(percent < 0.1 ? 2 : percent < 10 ? 1 : 0)} %`;
}

/** Bytes: `812 B`, `1.8 GB` (powers of ten, as disks are sold). */
export function bytes(n) {
  if (!Number.isFinite(n)) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let size = n;
  while (size >= 999.5 && at < units.length - 1) {
    size /= 1000;
    at += 1;
  }
  return `${at === 0 || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${units[at]}`;
}

function dayOf(date) {
  return `${date.getFullYear()}-${TWO(date.getMonth() + 1)}-${TWO(date.getDate())}`;
}

/** A moment in local time: `14:03:22.118`, with the day in front when it is not today. */
export function clock(us, { millis = true } = {}) {
  if (!Number.isFinite(us)) return "–";
  const date = new Date(us / 1000);
  if (Number.isNaN(date.getTime())) return "–";
  const time = `${TWO(date.getHours())}:${TWO(date.getMinutes())}:${TWO(date.getSeconds())}`;
  const fine = millis ? `${time}.${String(date.getMilliseconds()).padStart(3, "0")}` : time;
  const day = dayOf(date);
  return day === dayOf(new Date()) ? fine : `${day.slice(5)} ${fine}`;
}

/** The same moment whole, in UTC to the microsecond, for a title. */
export function utc(us) {
  if (!Number.isFinite(us)) return "";
  const date = new Date(us / 1000);
  if (Number.isNaN(date.getTime())) return "";
  return `${date.toISOString().slice(0, 19)}.${String(Math.floor(us) % 1_000_000).padStart(6, "0")}Z`;
}

/** How long ago: `now`, `40 s ago`, `12 m ago`, `3 h ago`, `5 d ago`. */
export function ago(us, now = Date.now() * 1000) {
  const seconds = Math.max(0, (now - us) / 1e6);
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 2) return "now";
  if (seconds < 60) return `${Math.round(seconds)} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} m ago`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

/** A stretch of seconds in one unit: `7 days`, `90 minutes`. */
export function stretch(seconds) {
  const units = [[86_400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];
  const [size, name] = units.find(([unit]) => seconds >= unit) ?? units[3];
  const n = Math.round((seconds / size) * 10) / 10;
  return `${n} ${name}${n === 1 ? "" : "s"}`;
}

// Terminal colours are removed, other control characters and marks that turn the reading direction are shown as what
// they are: a stored line must not be able to disguise itself.
const ESCAPES = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g;
// eslint-disable-next-line no-control-regex
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;

/** Any value as text that shows itself honestly. */
export function plain(value) {
  const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
  return text
    .replace(ESCAPES, "")
    .replace(INVISIBLE, (mark) => {
      const code = mark.codePointAt(0);
      return code === 13 ? "" : code < 32 ? String.fromCodePoint(0x2400 + code) : `⟨U+${code.toString(16).toUpperCase()}⟩`;
    });
}

/** The first line of a text, and at most so many characters. */
export function oneLine(value, most = 400) {
  const text = plain(value);
  const end = text.indexOf("\n");
  const line = end < 0 ? text : `${text.slice(0, end)} ⏎`;
  return line.length > most ? `${line.slice(0, most)}…` : line;
}
