// Light or dark. Loaded as a classic script in the head: a module would run after the first paint, and the page would flash.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

  const stored = (() => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is refused: follow the system
    }
  })();
  if (stored === "light" || stored === "dark") root.dataset.theme = stored;

  const describe = () => {
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.hidden = false;
      button.setAttribute("aria-label", isDark() ? "Use the light theme" : "Use the dark theme");
    }
  };

  const remember = (theme) => {
    root.dataset.theme = theme;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // the choice holds for this page only
    }
  };

  document.addEventListener("DOMContentLoaded", describe);
  system.addEventListener("change", describe);
  document.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-theme-toggle]")) return;
    remember(isDark() ? "light" : "dark");
    describe();
  });
})();
