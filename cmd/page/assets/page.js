// What every view has where there is JavaScript: it hears from the daemon, and
// changes colours without loading the page again.
//
// When the daemon's status has changed, the event "burnish:status" is sent to
// the body. A part of a view follows it with htmx:
//
//   <section id="folders" hx-get="…" hx-select="#folders" hx-swap="morph:outerHTML"
//     hx-trigger="burnish:status from:body throttle:1s">
(() => {
  "use strict";

  const body = document.body, live = document.getElementById("live");

  function show(state) {
    if (live.dataset.state === state) return;
    live.dataset.state = state;
    live.querySelector(".live-text").textContent = state === "on" ? body.dataset.live : body.dataset.lost;
  }

  // What somebody has unfolded stays so when a part is brought up to date.
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.tagName === "DETAILS");

  // A browser has six connections to a host: tabs that nobody sees hold none, or
  // a seventh would not load.
  const follows = () => body.dataset.events && !document.hidden;

  // The browser comes back by itself after an interruption, but not after an
  // answer that is no stream, such as a proxy's while the daemon restarts.
  let source, wait = 1000, timer;
  function listen() {
    clearTimeout(timer);
    source?.close();
    source = new EventSource(body.dataset.events);
    source.onopen = () => { wait = 1000; show("on"); };
    source.onerror = () => {
      show("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(listen, wait + Math.random() * 500);
      wait = Math.min(wait * 2, 30000);
    };
    source.addEventListener("status", () => body.dispatchEvent(new CustomEvent("burnish:status")));
  }
  function leave() {
    clearTimeout(timer);
    source?.close();
  }
  document.addEventListener("visibilitychange", () => { if (follows()) listen(); else leave(); });
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (e) => { if (e.persisted && follows()) listen(); });
  if (follows()) listen();

  const theme = document.querySelector("form.theme");
  theme?.addEventListener("submit", (e) => {
    if (!e.submitter) return;
    e.preventDefault();
    const chosen = e.submitter.value;
    document.documentElement.dataset.theme = chosen;
    for (const b of theme.querySelectorAll("button")) b.setAttribute("aria-pressed", String(b === e.submitter));
    fetch(theme.action, { method: "POST", redirect: "manual", body: new URLSearchParams({ theme: chosen, back: "/" }) });
    body.dispatchEvent(new CustomEvent("burnish:theme"));
  });
})();
