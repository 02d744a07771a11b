// The one import of Preact: every part and page takes it from here, so that a new version is one line.
export {
  html, render, Component, createContext, useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback,
  useContext, useErrorBoundary,
} from "../vendor/htm-3.1.1/standalone.module.js";
