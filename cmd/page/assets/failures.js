// A log that was opened stays open when the list follows the daemon.
(() => {
  "use strict";
  const id = (details) => details.closest("article")?.id;
  let open = new Set();
  document.addEventListener("htmx:beforeSwap", () => {
    open = new Set([...document.querySelectorAll("article details[open]")].map(id));
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const details of document.querySelectorAll("article details")) if (open.has(id(details))) details.open = true;
  });
})();
