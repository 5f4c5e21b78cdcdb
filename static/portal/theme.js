/* Light, dark, or as the system says (auto). Runs in the head, before anything is painted, so no page flashes. */
(() => {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const choices = ["auto", "light", "dark"];

  const read = () => {
    try {
      const kept = localStorage.getItem("theme");
      return choices.includes(kept) ? kept : "auto";
    } catch {
      return "auto"; // storage may be switched off; the system's choice is then the only one
    }
  };

  const apply = (choice) => {
    const shown = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
    root.setAttribute("data-bs-theme", shown);
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.hidden = false;
      button.title = `Theme: ${choice}. Click to change.`;
      button.querySelector("[data-theme-name]").textContent = choice === "auto" ? "" : `: ${choice}`;
    }
  };

  const keep = (choice) => {
    try {
      localStorage.setItem("theme", choice);
    } catch {
      // not kept, but shown
    }
    apply(choice);
  };

  apply(read());
  system.addEventListener("change", () => apply(read()));
  document.addEventListener("DOMContentLoaded", () => {
    apply(read());
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.addEventListener("click", () => keep(choices[(choices.indexOf(read()) + 1) % choices.length]));
    }
  });
})();
