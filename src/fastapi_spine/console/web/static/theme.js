// Light or dark before anything is drawn, so that nothing flashes. A plain script: modules run too late.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("spine.theme");
  } catch {
    // Storage may be forbidden; then the system decides.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
