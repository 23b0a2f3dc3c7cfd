// Deciding by keyboard, and one picture over the other. What a key does is a link
// or a button that says so: data-key="a".
(() => {
  "use strict";

  const typing = (e) => e.target.closest("textarea, select, [contenteditable], input:not([type=range])");

  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e)) return;
    if (e.target.closest("input[type=range]") && e.key.startsWith("Arrow")) return;
    if (e.key === "b") document.body.classList.add("whole");
    if (e.repeat) return;
    const does = document.querySelector(`[data-key~="${CSS.escape(e.key)}"]`);
    if (!does || does.disabled) return;
    e.preventDefault();
    does.click();
  });
  document.addEventListener("keyup", (e) => {
    if (e.key === "b") document.body.classList.remove("whole");
  });

  // A form is sent once, however long a key is held.
  document.addEventListener("submit", (e) => {
    const sent = e.target;
    if (!sent.closest("#review")) return;
    if (sent.dataset.sent) e.preventDefault();
    sent.dataset.sent = "true";
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((f) => delete f.dataset.sent));

  // What a person has set stays while the view follows the daemon: the split, and
  // a strength that was not tried yet.
  let split = 50;
  document.addEventListener("input", (e) => {
    const input = e.target;
    if (input.matches(".split input")) {
      split = input.value;
      document.body.style.setProperty("--at", split + "%");
    }
    if (input.matches(".strength input")) {
      input.form.dataset.set = "true";
      input.form.querySelector("output").textContent = Math.round(input.value * 100) + "%";
    }
  });
  // A view that was asked for before something was set comes too late.
  for (const event of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
    document.addEventListener(event, (e) => {
      if (e.target.id === "review" && document.querySelector(".strength[data-set], #review details[open], form[data-sent]")) e.preventDefault();
    });
  }
  document.addEventListener("htmx:afterSettle", () => {
    for (const input of document.querySelectorAll(".split input")) input.value = split;
  });
  document.body.classList.add("split-pictures");
})();
