// A log that was opened stays open when the list follows the daemon.
(() => {
  "use strict";
  const open = new Set();
  const id = (details) => details.closest("article")?.id;
  document.addEventListener("toggle", (e) => {
    if (!(e.target instanceof HTMLDetailsElement)) return;
    if (e.target.open) open.add(id(e.target));
    else if (e.target.isConnected && !following) open.delete(id(e.target));
  }, true);
  let following = false;
  document.addEventListener("htmx:beforeSwap", () => { following = true; });
  document.addEventListener("htmx:afterSettle", () => {
    for (const details of document.querySelectorAll("article details")) if (open.has(id(details))) details.open = true;
    setTimeout(() => { following = false; }, 50); // toggle events come late
  });
})();
