// Every frame has loaded, or failed: the applications were told. The page goes on by itself after 3 seconds anyway.
addEventListener("load", () => location.replace(document.querySelector("a[data-continue]").href));
