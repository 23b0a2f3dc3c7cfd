"""How well photos that need no restoration are told from those that do: the table of `make gate`.

    python -m model.gate --data FOLDER [--cameras FOLDER] [--photos N] [--side PX] [--fit] [--cases FILE]

Clean pictures of FOLDER are damaged as photos are in the wild, and drawings are made; bin/burnish
decides on every file, with its own code. What it leaves alone is restored once more with
`skip: never`, to tell what leaving it alone lost. --cameras takes JPEGs as cameras wrote them, of
which no clean picture is known: there, every one that would be restored counts. --fit prints the limits
that this table asks for, for ops/promptcir/undamaged.go; --cases writes what became of every file as JSON
lines. Needs NumPy and Pillow; SSIMULACRA2 where the
package ssimulacra2 is installed; AVIF where Pillow writes it.
"""

import argparse
import collections
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

try:
    from ssimulacra2 import compute_ssimulacra2
except ImportError:
    compute_ssimulacra2 = None

BURNISH = pathlib.Path(__file__).resolve().parent.parent / "bin" / "burnish"
WORSE_PSNR, WORSE_SSIMULACRA2 = 0.05, 0.2  # a photo that loses more was made worse
LOSSLESS = 60.0  # dB; a clean picture is at that, however little is changed
FULL, HALF, QUARTER = 0, 1, 2  # Pillow's names for 4:4:4, 4:2:2 and 4:2:0


def encoded(image, kind, **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def jpeg(image, quality, subsampling=QUARTER):
    return encoded(image, "JPEG", quality=quality, subsampling=FULL if image.mode == "L" else subsampling)


def decoded(data):
    return Image.open(io.BytesIO(data)).copy()


def saved(image, quality, subsampling=QUARTER):
    return decoded(jpeg(image, quality, subsampling))


def png(image):
    return encoded(image, "PNG")


def scaled(image, factor, kernel=Image.BICUBIC):
    return image.resize((round(image.width * factor), round(image.height * factor)), kernel)


def cropped(image, x, y):
    return image.crop((x, y, image.width, image.height))


def noisy(image, sigma, seed=1):
    values = np.asarray(image, np.float32)
    values = values + np.random.default_rng(seed).normal(0, sigma, values.shape)
    return Image.fromarray(np.clip(values + 0.5, 0, 255).astype(np.uint8))


def scanned(image):
    """A print on a scanner: less contrast, paper, blur and noise."""
    values = np.asarray(image, np.float32) * 0.75 + 45
    return noisy(Image.fromarray(values.astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.8)), 3, 5)


def camera(image, sharpening):
    """A camera's own picture of the scene: a Bayer mosaic with shot noise, interpolated, sharpened."""
    light = (np.asarray(image, np.float32) / 255) ** 2.2
    light += np.random.default_rng(2).normal(0, 0.25, light.shape) * np.sqrt(light * 0.02 + 0.0002)
    seen = np.zeros_like(light)
    for channel, y, x in ((0, 0, 0), (1, 0, 1), (1, 1, 0), (2, 1, 1)):
        seen[y::2, x::2, channel] = light[y::2, x::2, channel]
    pads = np.pad(seen, ((1, 1), (1, 1), (0, 0)), "reflect")
    height, width = light.shape[:2]
    full = np.zeros_like(light)
    for channel, weights in ((0, ((1, 2, 1), (2, 4, 2), (1, 2, 1))), (1, ((0, 1, 0), (1, 4, 1), (0, 1, 0))), (2, ((1, 2, 1), (2, 4, 2), (1, 2, 1)))):
        for dy, row in enumerate(weights):
            for dx, weight in enumerate(row):
                full[..., channel] += weight / 4 * pads[dy : dy + height, dx : dx + width, channel]
    picture = Image.fromarray((np.clip(full, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8))
    return picture.filter(ImageFilter.UnsharpMask(1.2, sharpening, 0)) if sharpening else picture


def drawing(kind, seed, side):
    """Line art, a map, or areas with text, drawn at twice the size."""
    random = np.random.default_rng(seed)
    side *= 2
    image = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(image)

    def colour():
        return tuple(int(v) for v in random.integers(0, 256, 3))

    def points(n):
        return [tuple(int(v) for v in random.integers(0, side, 2)) for _ in range(n)]

    for _ in range(60):
        if kind == "lines":
            draw.line(points(4), fill="black", width=int(random.integers(1, 6)))
        elif kind == "map":
            draw.polygon(points(4), fill=colour(), outline=colour())
        else:
            (x, y), fill = points(1)[0], colour()
            draw.rectangle((x, y, x + 300, y + 80), fill=fill)
            draw.text((x + 8, y + 8), "The quick brown fox\njumps over the lazy dog", fill=tuple(255 - v for v in fill))
    return image.resize((side // 2, side // 2), Image.LANCZOS)


def single(picture):
    for quality in (85, 90, 92, 95, 98):
        yield f"saved once, q{quality} 4:2:0", "jpg", jpeg(picture, quality), picture
        yield f"saved once, q{quality} 4:4:4", "jpg", jpeg(picture, quality, FULL), picture


def chains(picture):
    """Photos as they are shared again: what is done to the damaged one is done to the clean one."""
    small, half, large = scaled(picture, 0.7), scaled(picture, 0.5), scaled(picture, 1.5)
    shared = scaled(saved(picture, 30), 0.7)
    yield "q30, ×0.7, q92 4:2:0", "jpg", jpeg(shared, 92), small
    yield "q30, ×0.7, q92 4:4:4", "jpg", jpeg(shared, 92, FULL), small
    shared = scaled(saved(picture, 50), 0.5)
    yield "q50, ×0.5, q85", "jpg", jpeg(shared, 85), half
    yield "q50, ×0.5, q93", "jpg", jpeg(shared, 93), half
    yield "q40, ×1.5, q90", "jpg", jpeg(scaled(saved(picture, 40), 1.5), 90), large
    shared = cropped(saved(picture, 50), 3, 5)
    yield "q50, cropped, q75", "jpg", jpeg(shared, 75), cropped(picture, 3, 5)
    yield "q50, cropped, q95", "jpg", jpeg(shared, 95), cropped(picture, 3, 5)
    yield "q70, q95", "jpg", jpeg(saved(picture, 70), 95), picture
    # Two messengers, one after the other: scaled and saved by each.
    yield "q85, ×0.7, q80, q87", "jpg", jpeg(saved(scaled(saved(picture, 85), 0.7), 80), 87), small
    yield "WebP q50, JPEG q92", "jpg", jpeg(decoded(encoded(picture, "WEBP", quality=50)), 92), picture


def others(picture):
    gray = picture.convert("L")
    yield "clean PNG", "png", png(picture), picture
    yield "clean PNG, gray", "png", png(gray), gray
    yield "clean PNG, noise", "png", png(noisy(picture, 4)), noisy(picture, 4)
    yield "clean PNG, scanned", "png", png(scanned(picture)), scanned(picture)
    yield "PNG of q60", "png", png(saved(picture, 60)), picture
    yield "PNG of q90", "png", png(saved(picture, 90)), picture
    yield "PNG of q30, ×0.7", "png", png(scaled(saved(picture, 30), 0.7)), scaled(picture, 0.7)
    yield "WebP q50", "webp", encoded(picture, "WEBP", quality=50), picture
    yield "WebP q90", "webp", encoded(picture, "WEBP", quality=90), picture
    Image.init()
    if "AVIF" in Image.SAVE:
        yield "AVIF q60", "avif", encoded(picture, "AVIF", quality=60), picture
    yield "gray, q30", "jpg", jpeg(gray, 30), gray
    yield "gray, q85", "jpg", jpeg(gray, 85), gray
    yield "gray, q92", "jpg", jpeg(gray, 92), gray
    yield "gray, q96", "jpg", jpeg(gray, 96), gray
    yield "scanned, q80", "jpg", jpeg(scanned(picture), 80), scanned(picture)
    yield "scanned, q95", "jpg", jpeg(scanned(picture), 95), scanned(picture)
    for name, sharpening, quality, subsampling in (("q97 4:2:0", 0, 97, QUARTER), ("q95 4:2:2", 80, 95, HALF), ("q93 4:2:0", 0, 93, QUARTER)):
        own = camera(picture, sharpening)
        yield f"camera simulated, {name}", "jpg", jpeg(own, quality, subsampling), own


def drawn(picture):
    yield "drawing, clean PNG", "png", png(picture), picture
    for quality in (50, 75, 92, 96):
        yield f"drawing, q{quality} 4:4:4", "jpg", jpeg(picture, quality, FULL), picture
    yield "drawing, q75 4:2:0", "jpg", jpeg(picture, 75), picture
    yield "drawing, PNG of q60", "png", png(saved(picture, 60)), picture


class Case:
    """One file of the bench, and what became of it: gain in dB, correction in steps of 255."""

    def __init__(self, row, path, clean):
        self.row, self.path, self.clean = row, path, clean
        self.alone, self.correction, self.gain, self.ssimulacra2 = None, 0.0, 0.0, 0.0

    def compare(self, restored):
        self.gain = min(psnr(restored, self.clean), LOSSLESS) - min(psnr(self.path, self.clean), LOSSLESS)
        if compute_ssimulacra2:
            self.ssimulacra2 = score(self.clean, restored) - score(self.clean, self.path)

    def line(self):
        facts = {"row": self.row, "file": self.path.name, "alone": self.alone, "correction": self.correction}
        return json.dumps(facts | {"gain": round(float(self.gain), 3), "ssimulacra2": self.ssimulacra2, "worse": bool(self.worse)}) + "\n"

    @property
    def worse(self):
        return self.gain < -WORSE_PSNR or self.ssimulacra2 < -WORSE_SSIMULACRA2


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"), np.float64)


def psnr(path, clean):
    error = np.mean((pixels(path) - pixels(clean)) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-9))


def score(clean, path):
    """SSIMULACRA2, of PNG files as the package wants them."""
    with tempfile.NamedTemporaryFile(suffix=".png") as plain:
        Image.open(path).convert("RGB").save(plain.name, compress_level=0)
        return compute_ssimulacra2(str(clean), plain.name)


def make(folder, data, side, photos):
    """The cases of clean pictures and of drawings."""
    cases = []

    def add(name, picture, rows):
        for i, (row, suffix, content, clean) in enumerate(rows(picture)):
            stem = f"{rows.__name__}-{i:02d}-{name}"
            (folder / f"{stem}.{suffix}").write_bytes(content)
            clean.save(folder / "clean" / f"{stem}.png", compress_level=1)
            cases.append(Case(row, folder / f"{stem}.{suffix}", folder / "clean" / f"{stem}.png"))

    (folder / "clean").mkdir()
    paths = [p for p in sorted(pathlib.Path(data).iterdir()) if p.suffix.lower() in (".png", ".webp")]
    if not paths:
        sys.exit(f"{data}: no clean picture (PNG or WebP)")
    for path in paths[: photos or None]:
        picture = Image.open(path).convert("RGB")
        x, y = max(0, picture.width - side) // 2, max(0, picture.height - side) // 2
        picture = picture.crop((x, y, min(picture.width, x + side), min(picture.height, y + side)))
        for rows in (single, chains, others):
            add(path.stem[:24], picture, rows)
    for kind in ("lines", "map", "text"):
        for seed in range(max(1, min(4, len(paths) // 2))):
            add(f"{kind}{seed}", drawing(kind, seed, side), drawn)
    return cases


def burnish(folder, verb, step, files, *options):
    """The JSON lines of one run of the binary, by the files' stems."""
    config = folder / f"{verb}.yaml"
    config.write_text(
        f"version: 1\nstate_dir: state\npipelines:\n  gate:\n    steps: [{{promptcir: {step}}}]\n"
        '    outputs: [{path: "{stem}.png"}]\n'
    )
    command = [BURNISH, verb, "-c", config, "-o", folder / "out", "--json", *options, *files]
    run = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False)
    lines = {}
    for text in run.stdout.splitlines():
        line = json.loads(text)
        if line.get("state") == "failed":
            print(f"{line['path']}: {line.get('reason')}", file=sys.stderr)
        lines[pathlib.Path(line["path"]).name] = line
    return lines


def figure(text):
    found = re.search(r"correction ([0-9.]+)", text)
    return float(found.group(1)) if found else 0.0


def decide(folder, cases, model):
    """What the binary makes of every case, and what restoring would have made of those left alone."""
    lines = burnish(folder, "apply", f"{{model: {model}}}", [c.path for c in cases], "--overwrite")
    cases = [c for c in cases if lines.get(c.path.name, {}).get("state") == "done"]
    for case in cases:
        notes = lines[case.path.name].get("notes", {})
        case.alone = "left_alone" in notes
        case.correction = figure(notes.get("left_alone", "") + notes.get("evidence", ""))
        if not case.alone:
            case.compare(folder / "out" / f"{case.path.stem}.png")
    alone = [c for c in cases if c.alone]
    if alone:
        burnish(folder, "apply", f"{{model: {model}, skip: never}}", [c.path for c in alone], "--overwrite", "--again")
    for case in alone:
        case.compare(folder / "out" / f"{case.path.stem}.png")
    return cases


def table(cases):
    rows = collections.OrderedDict()
    for case in cases:
        rows.setdefault(case.row, []).append(case)
    print("| | photos | left alone | lost by that | gained | made worse | would be, all restored | correction |")
    print("|---|---|---|---|---|---|---|---|")
    for row, those in rows.items():
        n, restored, alone = len(those), [c for c in those if not c.alone], [c for c in those if c.alone]
        lost = sum(max(c.gain, 0) for c in alone) / max(len(alone), 1)
        gained = f"{np.mean([c.gain for c in restored]):+.2f} dB" if restored else ""
        low, high = np.quantile([c.correction for c in those], [0.1, 0.9])
        print(
            f"| {row} | {n} | {100 * len(alone) / n:.0f} % | {f'{lost:.2f} dB' if alone else ''} | {gained} "
            f"| {sum(c.worse for c in restored)} | {sum(c.worse for c in those)} | {low:.2f} to {high:.2f} |"
        )


def cameras(folder, files, model):
    """Share of cameras' own files that would be touched, by the quality of their tables."""
    lines = burnish(folder, "plan", f"{{model: {model}}}", files)
    touched, corrections = [], []
    for name, line in lines.items():
        step = next((s for s in line.get("steps", []) if s["name"] == "promptcir"), None)
        if step:
            corrections.append(figure(step.get("why", "")))
            if step["runs"]:
                touched.append((name, step.get("why", "")))
    n = len(corrections)
    print(f"\nCameras' own: {len(touched)} of {n} would be restored ({100 * len(touched) / max(n, 1):.1f} %)")
    for name, why in sorted(touched):
        print(f"  {name}: {why}")
    return corrections


def fit(cases, corrections):
    """Limits that this table asks for: what leaving alone loses against what restoring spoils."""
    print()
    for name, chosen in (
        ("unknownLimit", [c for c in cases if c.path.suffix != ".jpg"]),
        ("jpegLimit", [c for c in cases if c.path.suffix == ".jpg"]),
    ):
        costs = {}
        for limit in np.arange(0.1, 2.0, 0.05):
            skipped = [c for c in chosen if c.correction < limit]
            spoilt = [c for c in chosen if c.correction >= limit and c.worse]
            costs[round(limit, 2)] = sum(max(c.gain, 0) for c in skipped) + 10 * len(spoilt)
        best = min(costs, key=costs.get)
        print(f"{name} = {best:.2f}  ({', '.join(f'{k:.2f}: {v:.0f}' for k, v in costs.items() if abs(k - best) < 0.16)})")
    if corrections:
        print(f"cameraLimit = {np.quantile(corrections, 0.96):.2f}  (96 of 100 of the cameras' own lie below)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of clean pictures, PNG or WebP")
    parser.add_argument("--cameras", help="folder of camera JPEGs")
    parser.add_argument("--photos", type=int, default=0, help="only the first pictures")
    parser.add_argument("--side", type=int, default=384, help="side of the centre crop, px")
    parser.add_argument("--model", default="lite")
    parser.add_argument("--fit", action="store_true", help="print the limits that fit this table")
    parser.add_argument("--cases", type=pathlib.Path, metavar="FILE", help="write every file's figures, as JSON lines")
    arguments = parser.parse_args()
    if not compute_ssimulacra2:
        print("SSIMULACRA2 is left out: pip install ssimulacra2==0.3.0", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="gate-") as name:
        folder = pathlib.Path(name)
        cases = decide(folder, make(folder, arguments.data, arguments.side, arguments.photos), arguments.model)
        table(cases)
        corrections = []
        if arguments.cameras:
            corrections = cameras(folder, sorted(pathlib.Path(arguments.cameras).glob("*.[jJ][pP]*")), arguments.model)
        if arguments.cases:
            arguments.cases.write_text("".join(case.line() for case in cases))
        if arguments.fit:
            fit(cases, corrections)


if __name__ == "__main__":
    main()
