/* Code and Implicit wait for a callback URL, Client Credentials for a client that has a secret. The server holds the same
   rules (store/forms/keys.py); here the boxes show them while one types. data-check-code: an entered URL ticks Code. */
(() => {
  const form = document.querySelector("form[data-grant-types]");
  if (!form) return;
  const urls = [form.elements.callback_url, form.elements.more_callback_urls];
  const publicBox = form.elements.public;
  const reasons = { callback: "Needs a callback URL", secret: "Needs a secret: not for a public client" };
  const boxes = [...form.querySelectorAll("input[data-needs]")];
  const code = form.querySelector("input[value=authorization_code]");

  const has = {
    callback: () => urls.some((field) => field.value.trim() !== ""),
    secret: () => (publicBox ? !publicBox.checked : form.dataset.grantTypes !== "public"),
  };

  const show = () => {
    for (const box of boxes) {
      const usable = has[box.dataset.needs]();
      const hint = document.getElementById(`${box.id}_hint`);
      hint.dataset.usual ||= hint.textContent;
      hint.textContent = usable ? hint.dataset.usual : reasons[box.dataset.needs];
      if (!usable) box.checked = false;
      box.disabled = !usable;
    }
  };

  let hadCallback = has.callback();
  show();
  const changed = () => {
    show();
    if (has.callback() && !hadCallback && "checkCode" in form.dataset) code.checked = true;
    hadCallback = has.callback();
  };
  for (const field of urls) field.addEventListener("input", changed);
  publicBox?.addEventListener("change", show);
  // Browsers put typed text back on a reload or on the way back, after this script ran.
  addEventListener("pageshow", changed);
})();
