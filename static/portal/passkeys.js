/* Passkeys: <form data-passkey="create" or "get" data-passkey-options="id of a JSON script, or an address" hidden>.
   The form is shown where the browser knows passkeys, asks for one when it is sent, and carries the answer. */
(() => {
  const bytes = (text) => {
    const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
  };
  const text = (buffer) => {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };

  const named = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));

  // WebAuthn 5.1.8 and 5.1.9, which not every browser has yet.
  const question = ({ publicKey }) => {
    const asked = { ...publicKey, challenge: bytes(publicKey.challenge) };
    if (asked.user) asked.user = { ...asked.user, id: bytes(asked.user.id) };
    if (asked.allowCredentials) asked.allowCredentials = named(asked.allowCredentials);
    if (asked.excludeCredentials) asked.excludeCredentials = named(asked.excludeCredentials);
    return { publicKey: asked };
  };
  const answer = (credential) => {
    const { response } = credential;
    const said = { clientDataJSON: text(response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) said[name] = text(response[name]);
    }
    if (response.getTransports) said.transports = response.getTransports();
    return JSON.stringify({
      type: credential.type,
      id: credential.id,
      rawId: text(credential.rawId),
      authenticatorAttachment: credential.authenticatorAttachment,
      response: said,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  };

  const optionsOf = async (where) => {
    const here = document.getElementById(where);
    if (here) return JSON.parse(here.textContent);
    const response = await fetch(where, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`${response.status}`);
    return (await response.json()).request_options;
  };

  const ask = async (form) => {
    const problem = form.querySelector("[data-passkey-problem]");
    problem.hidden = true;
    try {
      const credential = await navigator.credentials[form.dataset.passkey](question(await optionsOf(form.dataset.passkeyOptions)));
      form.elements.credential.value = answer(credential);
      form.submit();
    } catch (error) {
      const known = error.name === "InvalidStateError";
      problem.textContent = known ? "This passkey is here already." : "Nothing came from the passkey. Try again, or use another way.";
      problem.hidden = false;
      delete form.dataset.sent;
    }
  };

  if (!window.PublicKeyCredential) return;
  for (const missing of document.querySelectorAll("[data-passkey-missing]")) missing.hidden = true;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      event.preventDefault();
      ask(form);
    });
  }
})();
