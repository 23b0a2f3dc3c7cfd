"""The second table of the model card: damage found in practice, beside the single saves of the paper.

    python -m model.wild --data LIVE1                                through bin/burnish
    python -m model.wild --data LIVE1 --checkpoint run/best.pth      through PyTorch

Every condition turns a clean image into the bytes of a file and the clean
picture of the same size: what scales one scales the other with the same kernel.
Per condition: PSNR in RGB before and after, the least gain, the images made
worse by more than WORSE dB, and with the package `ssimulacra2` (PyPI) that
measure, too. Gray photos are checked for colour that was not there.
"""

import argparse
import dataclasses
import io
import json
import pathlib
import sys

import numpy as np
from PIL import Image

from . import engines
from .damage import SAMPLING_420, SAMPLING_444, compress, scale
from .evaluate import add_engine, engine_of, originals
from .score import psnr

WORSE = 0.05  # dB by which a photo must fall to count as made worse


def _jpeg(image, quality, sampling=SAMPLING_420):
    return _file(Image.fromarray(image), "JPEG", quality=quality, subsampling=sampling)


def _file(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _png(image):
    return _file(Image.fromarray(image), "PNG", compress_level=1)


def _scaled(image, factor):
    height, width = (round(side * factor) for side in image.shape[:2])
    return scale(image, height, width, Image.BICUBIC)


def _cut(image, top=3, left=5):
    """A cut that moves the grid of 8 px."""
    return np.ascontiguousarray(image[top:, left:])


def once(quality, sampling=SAMPLING_420):
    return lambda clean: (_jpeg(clean, quality, sampling), clean)


def rescaled(first, factor, last):
    """Saved, scaled, saved again; last None: kept without loss."""

    def damage(clean):
        damaged = _scaled(compress(clean, first), factor)
        return _png(damaged) if last is None else _jpeg(damaged, last), _scaled(clean, factor)

    return damage


def shifted(first, last):
    """Saved, cut off its grid, saved again; last None: kept without loss."""

    def damage(clean):
        damaged = _cut(compress(clean, first))
        return _png(damaged) if last is None else _jpeg(damaged, last), _cut(clean)

    return damage


def gray(quality):
    def damage(clean):
        image = Image.fromarray(clean).convert("L")
        return _file(image, "JPEG", quality=quality), np.asarray(image.convert("RGB"))

    return damage


def coded(kind, quality):
    return lambda clean: (_file(Image.fromarray(clean), kind, quality=quality), clean)


def noisy(sigma, quality):
    """Noise of the sensor before the save; measured against the photo without it."""

    def damage(clean):
        noise = np.random.default_rng(0).normal(0, sigma, clean.shape)
        return _jpeg(np.clip(np.rint(clean + noise), 0, 255).astype(np.uint8), quality), clean

    return damage


CONDITIONS = {
    "QF 30, x0.7, QF 92": rescaled(30, 0.7, 92),
    "QF 40, x1.5, QF 90": rescaled(40, 1.5, 90),
    "QF 50, x0.5, QF 85": rescaled(50, 0.5, 85),
    "QF 75, x0.7, QF 75": rescaled(75, 0.7, 75),
    "QF 30, x0.5": rescaled(30, 0.5, None),
    "QF 30, x1.5": rescaled(30, 1.5, None),
    "QF 50, cut (3, 5), QF 75": shifted(50, 75),
    "QF 30, cut (3, 5), QF 90": shifted(30, 90),
    "QF 30, cut (3, 5), PNG": shifted(30, None),
    "gray QF 30": gray(30),
    "QF 50, 4:2:0": once(50),
    "QF 50, 4:4:4": once(50, SAMPLING_444),
    "QF 75, 4:2:0": once(75),
    "QF 75, 4:4:4": once(75, SAMPLING_444),
    "QF 85, 4:2:0": once(85),
    "QF 85, 4:4:4": once(85, SAMPLING_444),
    "QF 92, 4:2:0": once(92),
    "QF 92, 4:4:4": once(92, SAMPLING_444),
    "noise 5, QF 50": noisy(5, 50),
    "WebP 30": coded("WEBP", 30),
    "AVIF 40": coded("AVIF", 40),
}


@dataclasses.dataclass
class Row:
    """One condition: means in dB, the least gain, images made worse, colour added to gray (mean of 255)."""

    before: float
    after: float
    least: float
    worse: int
    images: int
    colour: float | None = None
    ssimulacra2: tuple | None = None  # (before, after)


def measure(engine, clean, damage, perceptual=None):
    """The Row of one condition over {name: H x W x 3 uint8}; `perceptual(clean, image)` scores beside PSNR."""
    files, references = {}, {}
    for name, image in clean.items():
        files[name], references[name] = damage(image)
    restored = engine(files)
    scores, colours, seen = [], [], []
    for name, reference in references.items():
        before, after = engines.decode(files[name]), restored[name]
        scores.append((psnr(reference, before), psnr(reference, after)))
        if (reference == reference[:, :, :1]).all():
            colours.append(float(np.ptp(after.astype(int), axis=2).mean()))
        if perceptual:
            seen.append((perceptual(reference, before), perceptual(reference, after)))
    scores = np.array(scores)
    gains = scores[:, 1] - scores[:, 0]
    return Row(
        *(float(v) for v in scores.mean(axis=0)), float(gains.min()), int((gains < -WORSE).sum()), len(gains),
        float(np.mean(colours)) if colours else None,
        tuple(float(v) for v in np.mean(seen, axis=0)) if seen else None,
    )  # fmt: skip


def ssimulacra2():
    """The measure as a function of two pictures, or None where its package is missing."""
    try:
        from ssimulacra2 import compute_ssimulacra2
    except ImportError:
        return None
    return lambda reference, image: compute_ssimulacra2(*(io.BytesIO(_png(x)) for x in (reference, image)))


def table(rows):
    """{condition: Row} as Markdown."""
    seen = any(row.ssimulacra2 for row in rows.values())
    head = ["damage", "damaged", "restored", "gain", "least", "made worse"] + ["SSIMULACRA2"] * seen
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for label, row in rows.items():
        cells = [label + (f" (colour added: {row.colour:.2f} of 255)" if row.colour is not None else "")]
        cells += [f"{row.before:.2f}", f"{row.after:.2f}", f"{row.after - row.before:+.2f}", f"{row.least:+.2f}"]
        cells.append(f"{row.worse} of {row.images}")
        if seen:
            cells.append("{:.1f} to {:.1f}".format(*row.ssimulacra2) if row.ssimulacra2 else "")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def rows_of(content):
    """{condition: Row} of what --json wrote."""
    return {name: Row(**row) for name, row in content["rows"].items()}


def parser():
    ap = argparse.ArgumentParser(prog="python -m model.wild", description=__doc__.split("\n\n")[0])
    add_engine(ap)
    ap.add_argument("--only", nargs="+", choices=tuple(CONDITIONS), help="default: all that Pillow can write")
    ap.add_argument("--limit", type=int, default=0, help="only the first images")
    ap.add_argument("--json", type=pathlib.Path, help="also write the rows here, for `python -m model.card`")
    return ap


def main(argv=None):
    args = parser().parse_args(argv)
    Image.init()
    names = args.only or [name for name in CONDITIONS if "AVIF" not in name or "AVIF" in Image.SAVE]
    try:
        engine, clean, perceptual = engine_of(args), originals(args.data, args.limit), ssimulacra2()
        rows = {name: measure(engine, clean, CONDITIONS[name], perceptual) for name in names}
    except (OSError, ValueError) as error:
        print(f"wild: {error}", file=sys.stderr)
        return 1
    print(f"{engine.name}: PSNR in dB, RGB\n\n{table(rows)}")
    if args.json:
        content = {"engine": engine.name, "rows": {name: dataclasses.asdict(row) for name, row in rows.items()}}
        args.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
