/* A form is sent once: a second click would generate or regenerate a second time and lose the first answer. (A form that
   is answered with a file leaves the page standing, and may be sent again.)
   What was typed wrong is gone to, however far down it is. The current tab is scrolled into its strip, and the menu behind the initials closes when one clicks elsewhere. */
(() => {
  for (const form of document.querySelectorAll("form[method=post]:not([data-again])")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent !== undefined) event.preventDefault();
      form.dataset.sent = "";
    });
  }
  // The page comes back from the browser's memory with the mark still set.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  const problem = document.querySelector("main .problem");
  if (problem) {
    const described = document.querySelector(`[aria-describedby~="${problem.parentElement.id || "none"}"]`);
    (described ?? problem.closest("fieldset")?.querySelector("input:enabled"))?.focus();
    problem.scrollIntoView({ block: "center" });
  }

  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

  const close = (menu) => menu.removeAttribute("open");
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) close(menu);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach(close);
  });
})();
