/* OpenID Connect Session Management 1.0 3.2: a client's frame asks whether the session_state it was given still holds.
   The message is "client_id session_state"; the answer is "unchanged", "changed", or "error" when it cannot be read. */
(() => {
  const browserState = () =>
    document.cookie.split("; ").find((pair) => pair.startsWith("__Host-opbs="))?.slice("__Host-opbs=".length) ?? "";

  const hashed = async (text) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    const letters = btoa(String.fromCharCode(...new Uint8Array(digest)));
    return letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };

  const verdict = async (message, origin) => {
    const [, clientId, hash, salt] = (typeof message === "string" && message.match(/^(.+) ([^ .]+)\.([^ .]+)$/)) || [];
    if (!salt) return "error";
    return (await hashed(`${clientId} ${origin} ${browserState()} ${salt}`)) === hash ? "unchanged" : "changed";
  };

  addEventListener("message", async (event) => {
    // "The OP iframe MUST enforce that the caller has the same origin as its parent frame."
    if (event.source === null || event.source === window) return;
    const parents = location.ancestorOrigins ?? (document.referrer ? [new URL(document.referrer).origin] : []);
    if (parents.length && parents[0] !== event.origin) return;
    event.source.postMessage(await verdict(event.data, event.origin), event.origin);
  });
})();
