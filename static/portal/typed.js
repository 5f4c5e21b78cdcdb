/* What was typed into a form that a session which had ended kept from being sent is there again when its page is: in this
   tab, for the same person and form (data-typed names both), and never passwords, files, or what the page itself hides.
   It is kept while somebody signs in, and no longer than until another page of the store is opened. */
(() => {
  const form = document.querySelector("form[data-typed]");
  const notSent = document.querySelector("[data-not-sent]");
  const left = new Set(["hidden", "password", "file", "submit", "button"]);
  const fields = () => [...form.elements].filter((field) => field.name && !left.has(field.type));
  const isBox = (field) => field.type === "checkbox" || field.type === "radio";

  const keep = (typed) => {
    try {
      if (typed) sessionStorage.setItem("typed", JSON.stringify(typed));
      else sessionStorage.removeItem("typed");
    } catch {
      // storage may be switched off or full; then nothing is kept
    }
  };

  const read = () => {
    try {
      return JSON.parse(sessionStorage.getItem("typed"));
    } catch {
      return null;
    }
  };

  const putBack = (values) => {
    for (const [name, value, checked] of values) {
      const field = fields().find((field) => field.name === name && (!isBox(field) || field.value === value));
      if (!field || (isBox(field) ? field.checked === checked : field.value === value)) continue;
      if (isBox(field)) field.checked = checked;
      else field.value = value;
      field.dispatchEvent(new Event(isBox(field) ? "change" : "input", { bubbles: true }));
      field.closest("details")?.setAttribute("open", "");
    }
    const words = document.createElement("p");
    words.className = "notice notice-warn";
    words.setAttribute("role", "status");
    words.textContent = "What you typed is here again. It has not been sent yet.";
    form.before(words);
  };

  addEventListener("DOMContentLoaded", () => {
    const kept = read();
    if (kept && notSent) {
      notSent.hidden = false;
      keep({ ...kept, isLost: true });
    } else if (kept?.isLost && form?.dataset.typed === kept.form) {
      putBack(kept.values);
      keep(null);
    } else if (form || !kept?.isLost || !document.querySelector(".card-page")) {
      keep(null);
    }
  });
  form?.addEventListener("submit", () => {
    keep({ form: form.dataset.typed, values: fields().map((field) => [field.name, field.value, field.checked]) });
  });
})();
