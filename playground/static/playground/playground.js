// Conveniences only, except for the implicit grant: every other page works without this file.
(function () {
  "use strict";

  // Show the fields that concern the chosen grant type.
  for (const form of document.querySelectorAll("form[data-follows]")) {
    const choice = form.elements[form.dataset.follows];
    const follow = function () {
      for (const field of form.querySelectorAll("[data-concerns]")) {
        field.hidden = !field.dataset.concerns.split(" ").includes(choice.value);
      }
    };
    choice.addEventListener("change", follow);
    follow();
  }

  // Copy buttons.
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue; // not offered on plain http away from this machine
    button.hidden = false;
    button.addEventListener("click", async function () {
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed here";
      }
      setTimeout(function () {
        button.textContent = "Copy";
      }, 2000);
    });
  }

  // The lifetime of the token runs down.
  for (const time of document.querySelectorAll("[data-expires]")) {
    const end = Date.parse(time.dateTime);
    const show = function () {
      const left = Math.floor((end - Date.now()) / 1000);
      const pad = (number) => String(number).padStart(2, "0");
      const minutes = Math.floor(left / 60) % 60;
      const hours = Math.floor(left / 3600);
      const clock = hours > 0 ? `${hours}:${pad(minutes)}` : String(minutes);
      time.textContent = left > 0 ? `in ${clock}:${pad(left % 60)}` : "expired";
    };
    show();
    setInterval(show, 1000);
  }

  // Implicit grant: what follows the # never reaches a server by itself.
  const handover = document.querySelector("form[data-fragment]");
  if (handover) {
    handover.querySelector("[data-working]").hidden = false;
    handover.elements.fragment.value = window.location.hash.slice(1);
    history.replaceState(null, "", window.location.pathname);
    handover.submit();
  }
})();
