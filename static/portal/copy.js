/* Buttons that copy: <button data-copy="#id" hidden>Copy</button>, shown only where this script runs. */
(() => {
  const textOf = (element) => ("value" in element ? element.value : element.textContent).trim();

  const say = (button, word) => {
    const before = button.dataset.word || button.textContent;
    button.dataset.word = before;
    button.textContent = word;
    button.dataset.copied = "";
    setTimeout(() => {
      button.textContent = before;
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
      else getSelection().removeAllRanges(), getSelection().addRange(range);
      say(button, document.execCommand("copy") ? "Copied" : "Press Ctrl+C");
    }
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", () => copy(button));
  }
})();
