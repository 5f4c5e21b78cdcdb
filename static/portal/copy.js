/* Buttons that copy: <button data-copy="#id" hidden>Copy</button>, shown only where this script runs. */
(() => {
  const textOf = (element) => ("value" in element ? element.value : element.textContent).trim();

  const say = (button, word) => {
    if (button.dataset.copied !== undefined) return;
    const before = [...button.childNodes];
    button.replaceChildren(word);
    button.dataset.copied = "";
    setTimeout(() => {
      button.replaceChildren(...before);
      delete button.dataset.copied;
    }, 2000);
  };

  const copy = async (button) => {
    const source = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(textOf(source));
      say(button, "Copied");
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      if ("select" in source) source.select();
      else {
        getSelection().removeAllRanges();
        getSelection().addRange(range);
      }
      say(button, document.execCommand("copy") ? "Copied" : "Press Ctrl+C");
    }
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", () => copy(button));
  }
})();
