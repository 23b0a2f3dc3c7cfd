// Plots of the figures that the element #figures holds: rows of a time in
// seconds and a value for each column. It is replaced as time goes on; the plots
// then take the new rows. The table beside them says the same in words.
(() => {
  "use strict";

  const figures = document.querySelectorAll("figure[data-plot]");
  const lang = document.documentElement.lang;
  const words = (text) => text.split(" ").filter(Boolean);
  let made = [];

  function read() {
    const from = document.getElementById("figures");
    const rows = from.dataset.rows.split(";").filter(Boolean).map((r) => r.split(",").map((v) => (v === "" ? null : Number(v))));
    return { columns: words(from.dataset.columns), names: from.dataset.names.split("|"), rows, times: rows.map((r) => r[0]) };
  }

  const colour = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const number = (v) => (v === null || v === undefined ? "–" : v.toLocaleString(lang, { maximumSignificantDigits: 3 }));
  const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short" });
  const moment = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  const label = (seconds, long) => (long ? day : clock).format(new Date(seconds * 1000));

  // tip shows the values of the time that the mouse is at.
  function tip(names) {
    let box;
    return {
      hooks: {
        init: (u) => {
          box = document.createElement("div");
          box.className = "tip";
          box.hidden = true;
          u.over.append(box);
        },
        setCursor: (u) => {
          const at = u.cursor.idx;
          box.hidden = at === null || at === undefined || u.cursor.left < 0;
          if (box.hidden) return;
          const lines = names.map((name, i) => `${name}: ${number(u.data[i + 1][at])}`);
          box.replaceChildren(...[moment.format(new Date(u.data[0][at] * 1000)), ...lines].map((text) => {
            const line = document.createElement("div");
            line.textContent = text;
            return line;
          }));
          const left = u.cursor.left > u.over.clientWidth / 2;
          box.style.left = left ? "" : `${u.cursor.left + 12}px`;
          box.style.right = left ? `${u.over.clientWidth - u.cursor.left + 12}px` : "";
        },
      },
    };
  }

  function draw() {
    for (const plot of made) plot.destroy();
    made = [];
    const data = read();
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.8;
    const axis = { stroke: colour("--quiet"), font: `${size}px system-ui, sans-serif`, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const step = data.times[1] - data.times[0], long = step * data.times.length > 2 * 86400;
    for (const figure of figures) {
      const at = figure.querySelector(".canvas"), bars = figure.dataset.plot === "bars";
      at.replaceChildren();
      const shown = words(figure.dataset.columns).map((name) => ({ name, index: data.columns.indexOf(name) }));
      if (!data.rows.some((r) => shown.some((c) => r[c.index + 1]))) {
        const none = document.createElement("p");
        none.textContent = figure.parentElement.dataset.none;
        at.append(none);
        continue;
      }
      made.push(new uPlot({
        width: at.clientWidth, height: at.clientHeight, padding: [8, 4, 0, 0], plugins: [tip(shown.map((c) => data.names[c.index]))],
        legend: { show: false }, cursor: { y: false, drag: { x: false, y: false }, points: { show: !bars } },
        scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] }, x: { range: (_, low, high) => [low - step, high + step] } },
        axes: [
          { ...axis, grid: { show: false }, size: size * 2, space: size * 4.5, values: (_, all) => all.map((v) => label(v, long)) },
          { ...axis, size: size * 4, space: 30, values: (_, all) => all.map(number) },
        ],
        series: [{}, ...shown.map((c) => {
          const stroke = colour(`--plot-${c.name}`);
          return {
            stroke, width: bars ? 0 : 2, fill: bars ? stroke : undefined, spanGaps: !bars,
            paths: bars ? uPlot.paths.bars({ size: [0.75, 40], radius: 0.15 }) : undefined,
            points: { show: !bars && data.rows.filter((r) => r[c.index + 1] !== null).length < 40, size: 5, fill: stroke },
          };
        })],
      }, [data.times, ...shown.map((c) => data.rows.map((r) => r[c.index + 1]))], at));
    }
  }

  let width = 0;
  new ResizeObserver(() => {
    const now = figures[0].clientWidth;
    if (now !== width) {
      width = now;
      draw();
    }
  }).observe(figures[0]);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  document.body.addEventListener("burnish:theme", draw);
  document.body.addEventListener("htmx:afterSwap", (e) => { if (e.detail.target?.id === "figures" || e.detail.elt?.id === "figures") draw(); });
})();
