// Plots of the figures that the element #figures holds: rows of a time in
// seconds and a value for each column. It is replaced as time goes on; the plots
// then take the new rows. The table beside them says the same in words.
(() => {
  "use strict";

  const figures = document.querySelectorAll("figure[data-plot]");
  const words = (text) => text.split(" ").filter(Boolean);
  let made = [];

  function read() {
    const from = document.getElementById("figures");
    const columns = words(from.dataset.columns), names = from.dataset.names.split("|");
    const rows = from.dataset.rows.split(";").filter(Boolean).map((r) => r.split(",").map((v) => (v === "" ? null : Number(v))));
    return { columns, names, rows, times: rows.map((r) => r[0]) };
  }

  const colour = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const palette = { photos: "--accent", failed: "--bad", pixels: "--info", damage: "--warn", queue: "--line-strong", admission: "--warn", restore: "--accent", encode: "--info", verify: "--good" };
  const clear = (c, alpha) => c.replace(/^rgba?\(([^)]*?)(,\s*[\d.]+)?\)$/, `rgba($1, ${alpha})`);

  function draw() {
    for (const plot of made) plot.destroy();
    made = [];
    const data = read();
    const text = colour("--quiet"), line = colour("--line");
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.8;
    const axis = { stroke: text, font: `${size}px system-ui, sans-serif`, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    for (const figure of figures) {
      const at = figure.querySelector(".canvas");
      at.replaceChildren();
      const shown = words(figure.dataset.columns).map((name) => ({ name, index: data.columns.indexOf(name) }))
        .filter((c) => c.name === words(figure.dataset.columns)[0] || data.rows.some((r) => r[c.index + 1]));
      if (!data.rows.some((r) => shown.some((c) => r[c.index + 1]))) {
        const none = document.createElement("p");
        none.textContent = figure.parentElement.dataset.none;
        at.append(none);
        continue;
      }
      const bars = figure.dataset.plot === "bars";
      const series = shown.map((c) => {
        const stroke = colour(palette[c.name]);
        return {
          label: data.names[c.index], stroke, width: bars ? 0 : 2, fill: bars ? stroke : shown.length === 1 ? clear(stroke, 0.14) : undefined,
          paths: bars ? uPlot.paths.bars({ size: [0.75, 40], radius: 0.15 }) : undefined, spanGaps: !bars,
          points: { show: !bars && data.rows.filter((r) => r[c.index + 1] !== null).length < 40, size: 5 },
          value: (_, v) => (v === null || v === undefined ? "–" : v.toLocaleString(document.documentElement.lang, { maximumSignificantDigits: 3 })),
        };
      });
      const legend = shown.length > 1;
      made.push(new uPlot({
        width: at.clientWidth, height: at.clientHeight - (legend ? size * 2.2 : 0), padding: [8, 8, 0, 0],
        legend: { show: legend, live: true }, cursor: { y: false, drag: { x: false, y: false } },
        scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] }, x: { range: (_, low, high) => [low - (high - low) / data.rows.length, high + (high - low) / data.rows.length] } },
        axes: [{ ...axis, grid: { show: false }, size: size * 2 }, { ...axis, size: size * 4, splits: undefined, space: 30 }],
        series: [{ value: (_, v) => (v ? new Date(v * 1000).toLocaleString() : "–"), label: "" }, ...series],
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
