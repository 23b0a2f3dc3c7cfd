// The viewer of a photo: before and after at any size, tile by tile.
//
// A place in the photo is a pair of numbers from 0 to 1, so that pictures of
// different sizes lie on each other. The view is the place in the middle and the
// scale: pixels of the screen for a pixel of the larger picture.
import { Picture } from "./tiles.js";

const root = document.querySelector(".viewer");
if (root && (root.dataset.before || root.dataset.after)) start().catch(fail);

function fail(error) {
  const message = root.querySelector(".message");
  message.textContent = root.dataset.broken + error.message;
  message.dataset.fault = "";
}

async function start() {
  const find = selector => root.querySelector(selector);
  const stage = find(".stage"), canvas = find("canvas"), divider = find(".divider"), message = find(".message");
  const context = canvas.getContext("2d"), work = document.createElement("canvas");
  root.hidden = false;
  message.textContent = root.dataset.preparing;

  const open = which => root.dataset[which] && Picture.open(
    root.dataset[which], root.dataset[which + "Number"], root.dataset[which + "Version"], () => draw());
  const [before, after] = await Promise.all([open("before"), open("after")]);
  message.textContent = "";
  const main = [before, after].filter(Boolean).sort((a, b) => b.width - a.width)[0];
  const both = Boolean(before && after);
  for (const element of root.querySelectorAll(".modes, .divider, .tag")) element.hidden = !both;

  const view = { x: 0.5, y: 0.5, scale: 0, mode: both ? "slider" : "one", split: 0.5, gain: 8 };
  let width = 0, height = 0, ratio = 1, drawing = 0, fitted = true;

  // The part of the screen that a picture has: of two side by side, half.
  const pane = () => view.mode === "side" ? width / 2 : width;
  const fit = () => Math.min(pane() / main.width, height / main.height);
  const most = () => Math.max(8 * ratio, fit());

  function clamp() {
    view.scale = Math.min(Math.max(view.scale, Math.min(fit(), 1)), most());
    const shows = (size, room) => Math.min(0.5, room / (2 * size * view.scale));
    const limit = (value, half) => half >= 0.5 ? 0.5 : Math.min(Math.max(value, half), 1 - half);
    view.x = limit(view.x, shows(main.width, pane()));
    view.y = limit(view.y, shows(main.height, height));
    fitted = Math.abs(view.scale - fit()) < 1e-9;
  }

  function zoom(factor, left = pane() / 2, top = height / 2) {
    const was = view.scale;
    view.scale *= factor;
    view.scale = Math.min(Math.max(view.scale, Math.min(fit(), 1)), most());
    view.x += (left - pane() / 2) / main.width * (1 / was - 1 / view.scale);
    view.y += (top - height / 2) / main.height * (1 / was - 1 / view.scale);
    changed();
  }

  function pan(right, down) {
    view.x += right / (main.width * view.scale);
    view.y += down / (main.height * view.scale);
    changed();
  }

  function changed() { clamp(); draw(); }

  function draw() { drawing ||= requestAnimationFrame(() => { drawing = 0; paint(); }); }

  // Draws a picture, whose pane begins at origin, between two columns of a canvas.
  function put(to, picture, origin, from, till) {
    const scale = view.scale * main.width / picture.width, scaleY = view.scale * main.height / picture.height;
    to.save();
    to.beginPath();
    to.rect(from, 0, till - from, height);
    to.clip();
    to.imageSmoothingEnabled = scale < 1.5;
    picture.draw(to, {
      x: origin + pane() / 2 - view.x * picture.width * scale, y: height / 2 - view.y * picture.height * scaleY,
      scale, scaleY, left: from, right: till, top: 0, bottom: height,
    }, view.mode === "difference");
    to.restore();
  }

  function paint() {
    Picture.begin();
    context.clearRect(0, 0, width, height);
    const half = Math.floor(width / 2), at = Math.round(width * view.split);
    switch (view.mode) {
      case "one":
        put(context, main, 0, 0, width);
        break;
      case "side":
        put(context, before, 0, 0, half);
        put(context, after, half, half, width);
        line(half);
        break;
      case "difference":
        difference();
        break;
      default:
        put(context, before, 0, 0, at);
        put(context, after, 0, at, width);
        line(at);
    }
    Picture.end();
    report();
  }

  function difference() {
    work.width = width;
    work.height = height;
    const to = work.getContext("2d");
    put(to, before, 0, 0, width);
    to.globalCompositeOperation = "difference";
    put(to, after, 0, 0, width);
    to.globalCompositeOperation = "lighter";
    for (let gain = 1; gain < view.gain; gain *= 2) to.drawImage(work, 0, 0);
    context.drawImage(work, 0, 0);
  }

  function line(at) {
    context.fillStyle = "rgb(255 255 255 / .9)";
    context.fillRect(at - ratio, 0, 2 * ratio, height);
  }

  function report() {
    find(".scale").textContent = `${Math.round(100 * view.scale)} %`;
    Object.assign(root.dataset, { scale: view.scale.toFixed(4), mode: view.mode, split: view.split.toFixed(3), pending: Picture.pending });
  }

  function mode(name) {
    if (!both) return;
    const keep = fitted;
    view.mode = name;
    find(`.modes [value="${name}"]`).checked = true;
    divider.hidden = name !== "slider";
    find(".gain").hidden = name !== "difference";
    for (const tag of root.querySelectorAll(".tag")) tag.hidden = name === "difference";
    if (keep) view.scale = fit();
    changed();
  }

  function split(value) {
    view.split = Math.min(Math.max(value, 0), 1);
    divider.value = Math.round(1000 * view.split);
    draw();
  }

  const doing = {
    in: () => zoom(1.5), out: () => zoom(1 / 1.5),
    fit: () => { view.scale = fit(); changed(); },
    full: () => { view.scale = 1; changed(); },
  };
  const keys = {
    "+": doing.in, "=": doing.in, "-": doing.out, "0": doing.fit, "1": doing.full,
    ArrowLeft: () => pan(-step(), 0), ArrowRight: () => pan(step(), 0), ArrowUp: () => pan(0, -step()), ArrowDown: () => pan(0, step()),
    "[": () => split(view.split - 0.02), "]": () => split(view.split + 0.02),
    s: () => mode("slider"), b: () => mode("side"), d: () => mode("difference"),
  };
  const step = () => Math.min(width, height) / 8;

  stage.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === divider && event.key.startsWith("Arrow")) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  root.addEventListener("click", event => doing[event.target.closest("[data-do]")?.dataset.do]?.());
  root.addEventListener("change", event => {
    if (event.target.name === "mode") mode(event.target.value);
    if (event.target.name === "gain") { view.gain = Number(event.target.value); draw(); }
  });
  divider.addEventListener("input", () => split(divider.value / 1000));

  // One pointer moves the picture, two zoom as well.
  const pointers = new Map();
  const middle = () => {
    const [a, b = a] = [...pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) };
  };
  const place = event => {
    const box = stage.getBoundingClientRect();
    return { x: (event.clientX - box.left) * ratio, y: (event.clientY - box.top) * ratio };
  };
  const inPane = x => view.mode === "side" && x > width / 2 ? x - width / 2 : x;
  stage.addEventListener("pointerdown", event => {
    if (event.target === divider || event.button > 0) return;
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
  });
  stage.addEventListener("pointermove", event => {
    if (!pointers.has(event.pointerId)) return;
    const was = middle();
    pointers.set(event.pointerId, place(event));
    const now = middle();
    pan(was.x - now.x, was.y - now.y);
    if (was.apart > 0 && now.apart > 0) zoom(now.apart / was.apart, inPane(now.x), now.y);
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, event => pointers.delete(event.pointerId));
  stage.addEventListener("wheel", event => {
    event.preventDefault();
    const at = place(event);
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), inPane(at.x), at.y);
  }, { passive: false });
  stage.addEventListener("dblclick", event => {
    const at = place(event);
    if (fitted || view.scale < 1) zoom(1 / view.scale, inPane(at.x), at.y);
    else doing.fit();
  });

  new ResizeObserver(() => {
    const box = stage.getBoundingClientRect();
    ratio = devicePixelRatio || 1;
    canvas.width = width = Math.max(1, Math.round(box.width * ratio));
    canvas.height = height = Math.max(1, Math.round(box.height * ratio));
    if (fitted || !view.scale) view.scale = fit();
    changed();
  }).observe(stage);
}
