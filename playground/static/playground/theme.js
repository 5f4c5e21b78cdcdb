// In the head and not deferred: the theme must stand before the first paint.
(function () {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    try {
      return localStorage.getItem("playground-theme");
    } catch {
      return null; // storage is switched off: the system's theme it is
    }
  }

  function apply() {
    root.dataset.bsTheme = stored() || (system.matches ? "dark" : "light");
  }

  apply();
  system.addEventListener("change", apply);

  document.addEventListener("DOMContentLoaded", function () {
    const button = document.querySelector("[data-theme-toggle]");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", function () {
      root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
      try {
        localStorage.setItem("playground-theme", root.dataset.bsTheme);
      } catch {
        return; // it holds for this page
      }
    });
  });
})();
