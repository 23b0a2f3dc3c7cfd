// A picture that is loaded tile by tile: of a level, which is 2ⁿ times smaller
// than the picture, the tiles that are seen. Until they are there, those of
// smaller levels stand in their place.

const side = 512; // of a tile, as the server has it
const atOnce = 6, kept = 400;

const tiles = new Map(); // by address; the latest use last
const loading = new Map(); // by address: what ends it
let wanted = [], redraw = () => {};

function touch(address) {
  const tile = tiles.get(address);
  if (tile) {
    tiles.delete(address);
    tiles.set(address, tile);
  }
  return tile;
}

async function load(address) {
  const control = new AbortController();
  loading.set(address, control);
  try {
    for (let wait = 500; ; wait = Math.min(2 * wait, 5000)) {
      const answer = await fetch(address, { signal: control.signal });
      if (answer.ok) {
        tiles.set(address, await createImageBitmap(await answer.blob()));
        break;
      }
      if (answer.status !== 503) {
        tiles.set(address, null); // it is not asked for again
        break;
      }
      await new Promise(done => setTimeout(done, wait));
    }
    for (const old of tiles.keys()) {
      if (tiles.size <= kept) break;
      tiles.get(old)?.close();
      tiles.delete(old);
    }
  } catch (error) {
    if (error.name !== "AbortError") tiles.set(address, null);
  } finally {
    loading.delete(address);
    redraw();
  }
}

export class Picture {
  // open asks how large the picture is; changed is called whenever there is more
  // of it to draw.
  static async open(base, number, version, changed) {
    redraw = changed;
    for (let wait = 500; ; wait = Math.min(2 * wait, 5000)) {
      const answer = await fetch(`${base}/size/${number}`);
      if (answer.ok) {
        const { width, height } = await answer.json();
        return new Picture(base, number, version, width, height);
      }
      if (answer.status !== 503) throw new Error(await answer.text());
      await new Promise(done => setTimeout(done, wait));
    }
  }

  constructor(base, number, version, width, height) {
    Object.assign(this, { base, number, version, width, height });
    this.top = Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / side)));
  }

  // Tiles that are drawn between begin and end are loaded; what is loaded
  // otherwise is given up.
  static begin() { wanted = []; }

  static end() {
    const seen = new Set(wanted);
    for (const [address, control] of loading) if (!seen.has(address)) control.abort();
    for (const address of seen) {
      if (loading.size >= atOnce) break;
      if (!loading.has(address) && !tiles.has(address)) load(address);
    }
  }

  static get pending() { return wanted.filter(address => !tiles.has(address)).length; }

  address(level, x, y, lossless) {
    return `${this.base}/tile/${this.number}/${level}/${x}/${y}?v=${this.version}${lossless ? "&lossless=1" : ""}`;
  }

  // draw draws what is seen: at.x, at.y is where the picture's corner is, at.scale
  // and at.scaleY are the size of its pixels, the others what of the canvas shows.
  draw(to, at, lossless) {
    const level = Math.min(Math.max(0, Math.floor(-Math.log2(at.scale) + 0.01)), this.top);
    for (let n = this.top; n >= level; n--) this.drawLevel(to, at, n, lossless, n === level || n === this.top);
  }

  drawLevel(to, at, level, lossless, ask) {
    const across = at.scale * 2 ** level, down = at.scaleY * 2 ** level;
    const columns = Math.ceil(Math.ceil(this.width / 2 ** level) / side), rows = Math.ceil(Math.ceil(this.height / 2 ** level) / side);
    const within = (value, most) => Math.min(Math.max(value, 0), most);
    const firstX = within(Math.floor((at.left - at.x) / (side * across)), columns), lastX = within(Math.ceil((at.right - at.x) / (side * across)), columns);
    const firstY = within(Math.floor((at.top - at.y) / (side * down)), rows), lastY = within(Math.ceil((at.bottom - at.y) / (side * down)), rows);
    for (let y = firstY; y < lastY; y++) {
      for (let x = firstX; x < lastX; x++) {
        const address = this.address(level, x, y, lossless);
        const tile = touch(address);
        if (ask) wanted.push(address);
        if (!tile) continue;
        // Edges are rounded, so that neighbours meet.
        const left = Math.round(at.x + x * side * across), top = Math.round(at.y + y * side * down);
        const right = Math.round(at.x + (x * side + tile.width) * across), bottom = Math.round(at.y + (y * side + tile.height) * down);
        to.drawImage(tile, left, top, right - left, bottom - top);
      }
    }
  }
}
