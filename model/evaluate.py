"""Score a model on clean images: PSNR, SSIM, PSNR-B of JPEG and of what is restored from it.

    python -m model.evaluate --data LIVE1                                through bin/burnish
    python -m model.evaluate --data LIVE1 --checkpoint run/best.pth      through PyTorch
    python -m model.evaluate --data LIVE1 --onnx lite.onnx --tile 256    through ONNX Runtime

The protocol is that of the paper's Table 2: Pillow writes the JPEG with its
defaults (4:2:0); scores are of RGB, averaged over images. Blind: a QF of 10..70
per image, drawn with a fixed seed and printed with the table. Two more rows show
that good photos are left alone: QF 95, and the originals themselves, where the
score is between output and input. Needs NumPy, SciPy and Pillow; PyTorch and
ONNX Runtime only where asked for.
"""

import argparse
import io
import json
import pathlib
import sys

import numpy as np
from PIL import Image

from . import engines
from .score import psnr, psnr_b, ssim

QUALITIES = (10, 20, 30, 40)
FINE = 95
BLIND_SEED = 20240617
EXTENSIONS = (".png", ".webp", ".bmp", ".tif", ".tiff")
_METRICS = (("psnr", psnr), ("ssim", ssim), ("psnr_b", psnr_b))


def originals(folder, limit=0):
    """{stem: H x W x 3 uint8 RGB} of a folder, in order of names; the first `limit` where not 0."""
    paths = [p for p in sorted(pathlib.Path(folder).iterdir()) if p.suffix.lower() in EXTENSIONS]
    if not paths:
        raise ValueError(f"{folder}: no clean image ({', '.join(EXTENSIONS)})")
    return {p.stem: np.asarray(Image.open(p).convert("RGB")) for p in paths[: limit or None]}


def encode(image, quality=None):
    """JPEG bytes with Pillow's defaults, or PNG where quality is None."""
    buffer = io.BytesIO()
    if quality is None:
        Image.fromarray(image).save(buffer, "PNG", compress_level=1)
    else:
        Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def blind_qualities(names):
    """{name: QF}, uniform in 10..70; the same on every machine (a legacy NumPy generator)."""
    draws = np.random.RandomState(BLIND_SEED).randint(10, 71, len(names))
    return dict(zip(sorted(names), (int(q) for q in draws)))


def score(clean, engine, qualities):
    """Restore every image from its JPEG at qualities[name] (None: from itself); one dict of mean scores."""
    files = {name: encode(image, qualities[name]) for name, image in clean.items()}
    restored = engine(files)
    rows = []
    for name, image in clean.items():
        damaged = engines.decode(files[name])
        if restored[name].shape != image.shape:
            raise ValueError(f"{name}: restored to {restored[name].shape}, the original is {image.shape}")
        rows.append([f(image, x) for x in (damaged, restored[name]) for _, f in _METRICS])
    mean = np.mean(rows, axis=0)
    count = len(_METRICS)
    return {
        "jpeg": dict(zip((m for m, _ in _METRICS), mean[:count].tolist())),
        "restored": dict(zip((m for m, _ in _METRICS), mean[count:].tolist())),
        "each": {name: [round(row[0], 3), round(row[count], 3)] for name, row in zip(clean, rows)},
    }


def untouched(clean, engine):
    """PSNR in dB between output and input of images that were never compressed: mean and least."""
    restored = engine({name: encode(image) for name, image in clean.items()})
    each = [psnr(image, restored[name]) for name, image in clean.items()]
    return {"mean": float(np.mean(each)), "least": float(np.min(each))}


def evaluate(clean, engine, qualities=QUALITIES, extra=True):
    """All tables as one dict; see `report` for its use."""
    table = {str(q): score(clean, engine, dict.fromkeys(clean, q)) for q in qualities}
    result = {"engine": engine.name, "images": len(clean), "fixed": table}
    if extra:
        draws = blind_qualities(clean)
        result["blind"] = {**score(clean, engine, draws), "qualities": draws, "seed": BLIND_SEED}
        result["fine"] = score(clean, engine, dict.fromkeys(clean, FINE))
        result["lossless"] = untouched(clean, engine)
    pixels = sum(image.shape[0] * image.shape[1] for image in clean.values())
    passes = len(qualities) + 3 * bool(extra)
    result["seconds_per_megapixel"] = engine.seconds / (pixels * passes / 1e6)
    return result


def _row(label, scores):
    jpeg, ours = scores["jpeg"], scores["restored"]
    return (
        f"{label:>8} {jpeg['psnr']:7.2f}/{jpeg['ssim']:.3f}/{jpeg['psnr_b']:.2f} "
        f"{ours['psnr']:9.2f}/{ours['ssim']:.3f}/{ours['psnr_b']:.2f} {ours['psnr'] - jpeg['psnr']:+7.2f} dB"
    )


def report(result):
    """The tables as text."""
    lines = [
        f"{result['engine']}: {result['images']} images; PSNR/SSIM/PSNR-B, RGB",
        f"{'QF':>8} {'JPEG':>19} {'restored':>21} {'PSNR':>10}",
    ]
    lines += [_row(quality, scores) for quality, scores in result["fixed"].items()]
    if "blind" in result:
        lines += [_row("10..70", result["blind"]), _row(str(FINE), result["fine"])]
        kept = result["lossless"]
        lines.append(f"lossless input: output within {kept['mean']:.2f} dB of it, at least {kept['least']:.2f}")
        draws = result["blind"]["qualities"]
        lines.append(f"QFs of 10..70 (seed {BLIND_SEED}): " + ", ".join(f"{name} {q}" for name, q in draws.items()))
    lines.append(f"{result['seconds_per_megapixel']:.2f} CPU seconds per megapixel, decoding and encoding included")
    return "\n".join(lines)


def add_engine(ap):
    """The options that say what is scored on which images."""
    small = pathlib.Path(__file__).parent / "data_small"
    ap.add_argument("--data", type=pathlib.Path, default=small, help="folder of clean images; default: the small set")
    what = ap.add_mutually_exclusive_group()
    what.add_argument("--burnish", type=pathlib.Path, default=pathlib.Path("bin/burnish"), help="the binary")
    what.add_argument("--checkpoint", type=pathlib.Path, help="score in PyTorch")
    what.add_argument("--onnx", type=pathlib.Path, help="score in ONNX Runtime")
    ap.add_argument("--model", default="lite", help="name or file of the binary's model")
    ap.add_argument("--tile", type=int, default=0, help="tile for --onnx, px; 0: whole images")
    ap.add_argument("--threads", type=int, default=1, help="for --onnx")


def engine_of(args):
    """The engine that `add_engine`'s options name."""
    if args.checkpoint:
        return engines.Torch(args.checkpoint)
    if args.onnx:
        return engines.Onnx(args.onnx, args.tile, args.threads)
    return engines.Burnish(args.burnish, args.model)


def parser():
    ap = argparse.ArgumentParser(prog="python -m model.evaluate", description=__doc__.split("\n\n")[0])
    add_engine(ap)
    ap.add_argument("--qf", type=int, nargs="+", default=QUALITIES)
    ap.add_argument("--limit", type=int, default=0, help="only the first images")
    ap.add_argument("--quick", action="store_true", help="only the QFs given: no blind, QF 95 or lossless row")
    ap.add_argument("--json", type=pathlib.Path, help="also write the result here, for `python -m model.card`")
    return ap


def main(argv=None):
    args = parser().parse_args(argv)
    try:
        result = evaluate(originals(args.data, args.limit), engine_of(args), tuple(args.qf), not args.quick)
    except (OSError, ValueError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    print(report(result))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
