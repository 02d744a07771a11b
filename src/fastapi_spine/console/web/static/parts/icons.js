// Line icons, 16 × 16, drawn here. Always beside a word or with a label, so hidden from screen readers.

import { html } from "./html.js";

const PATHS = {
  overview: "M2 13V9M6 13V5M10 13V7M14 13V3",
  requests: "M2 4h12M2 8h12M2 12h8",
  logs: "M3 2.5h10v11H3zM5.5 6h5M5.5 8.5h5M5.5 11h3",
  errors: "M8 2l6.5 11.5h-13zM8 6.5v3M8 11.6v.2",
  health: "M1.5 8h3l2-4.5 3 9 2-4.5h3",
  alerts: "M4 11V7a4 4 0 018 0v4l1.3 1.5H2.7zM6.6 14.2h2.8",
  search: "M7 2.5a4.5 4.5 0 110 9 4.5 4.5 0 010-9zM10.3 10.3l3.4 3.4",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  check: "M3 8.5l3.2 3.2L13 4.8",
  download: "M8 2v8M4.8 7L8 10.2 11.2 7M2.5 13.5h11",
  open: "M2.5 13V4h4l1.5 2h5.5v7z",
  close: "M4 4l8 8M12 4l-8 8",
  sun: "M8 5a3 3 0 110 6 3 3 0 010-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9L13 13M3 13l1.1-1.1M11.9 4.1L13 3",
  moon: "M13.5 9.6A5.8 5.8 0 016.4 2.5a5.8 5.8 0 107.1 7.1z",
  help: "M6 6a2 2 0 113 1.8c-.7.4-1 .8-1 1.6M8 11.6v.2M8 1.5a6.5 6.5 0 110 13 6.5 6.5 0 010-13z",
  link: "M6.5 9.5l3-3M7 4.5l1.6-1.6a2.8 2.8 0 014 4L11 8.5M9 11.5l-1.6 1.6a2.8 2.8 0 01-4-4L5 7.5",
  back: "M9.5 3.5L5 8l4.5 4.5",
  down: "M3.5 6L8 10.5 12.5 6",
};

/** An icon by its name. */
export function Icon({ name }) {
  return html`<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"
    stroke-linejoin="round" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
