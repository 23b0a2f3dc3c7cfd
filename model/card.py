"""Write a model card and the attribution list that ships beside the weights.

    python -m model.card --onnx ops/promptcir/models/lite.onnx --checkpoint model/checkpoints/lite/lite.pth \\
        --scores model/checkpoints/lite/scores.json --wild model/checkpoints/lite/wild.json --data DATA

The card goes beside the ONNX file as NAME.md, the list as NAME-attribution.tsv,
pictures as NAME-*.webp. Scores come from `evaluate --json`; parameters,
multiply-accumulates, time and memory are measured here.
"""

import argparse
import collections
import csv
import json
import pathlib
import subprocess
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from . import data, engines
from .evaluate import BLIND_SEED, encode
from .wild import WORSE, rows_of, table

# PromptCIR, Table 2 (RGB, LIVE1) and, for the classical tools, our measurement with their defaults.
_PUBLISHED = {
    "FBCNN, 71.9 M": ("27.77/0.803/27.51", "30.11/0.868/29.70", "31.43/0.897/30.92", "32.34/0.913/31.80"),
    "PromptIR, 36.5 M": ("27.98/0.806/27.66", "30.31/0.872/29.82", "31.66/0.900/31.07", "32.58/0.915/31.96"),
    "PromptCIR (DF2K), 34.8 M": ("28.00/0.806/27.73", "30.32/0.872/29.86", "31.69/0.901/31.10", "32.64/0.917/32.12"),
    "PromptCIR (DF2K+LSDIR)": ("28.28/0.813/27.94", "30.61/0.876/30.12", "31.96/0.904/31.38", "32.88/0.919/32.26"),
    "jpeg-quantsmooth -q6": ("25.92", "28.35", "29.66", "30.54"),
    "jpeg2png": ("26.14", "28.29", "29.53", "30.38"),
}
# Table 1, LIVE1, QF random in 10..70.
_PUBLISHED_BLIND = {
    "JPEG": "30.02/0.872/28.18", "FBCNN": "32.08/0.904/31.44", "PromptIR": "32.34/0.907/31.75",
    "PromptCIR (DF2K)": "32.45/0.908/31.87", "PromptCIR (DF2K+LSDIR)": "32.65/0.910/32.06",
}  # fmt: skip
_LICENCE = """The weights are under **CC-BY-SA-4.0** (https://creativecommons.org/licenses/by-sa/4.0/legalcode); the
code is under Apache-2.0. Some of the training photographs are under CC-BY-SA-4.0. Whether weights are an
adaptation of them is an open question, and this is the cautious answer. The licence covers this file, not the
program that loads it and not the photographs that it restores. `{attribution}` names every photograph with its
source and licence."""


def macs_per_pixel(checkpoint_path, side=256):
    """Multiply-accumulates of convolutions and matrix products per input pixel."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from .checkpoint import load_network

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        load_network(checkpoint_path)(torch.rand(1, 3, side, side))
    return counter.get_total_flops() / 2 / side**2


def cost(path, tile, threads=1):
    """(s per megapixel, peak MB) of windows of `tile` px on this CPU, in a process of its own."""
    script = (
        "import sys, time, numpy as np, onnxruntime as ort\n"
        "o = ort.SessionOptions(); o.intra_op_num_threads = int(sys.argv[3])\n"
        "s = ort.InferenceSession(sys.argv[1], o, providers=['CPUExecutionProvider'])\n"
        "t = int(sys.argv[2]); x = np.random.rand(1, 3, t, t).astype(np.float32); best = 1e9\n"
        "for _ in range(8):\n"
        "    c = time.process_time(); s.run(None, {'x': x}); best = min(best, time.process_time() - c)\n"
        "peak = [line for line in open('/proc/self/status') if line.startswith('VmHWM')][0]\n"
        "print(best / t / t * 1e6, int(peak.split()[1]) / 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), str(tile), str(threads)], capture_output=True, text=True, check=True
    )
    seconds, memory = done.stdout.split()
    return float(seconds), float(memory)


def _cell(scores):
    return f"{scores['psnr']:.2f}/{scores['ssim']:.3f}/{scores['psnr_b']:.2f}"


def _gain(scores):
    return f"{scores['restored']['psnr'] - scores['jpeg']['psnr']:+.2f}"


def tables(result, name):
    """LIVE1 at fixed QFs, blind, and good photos, as Markdown."""
    fixed = result["fixed"]
    lines = [
        "| PSNR dB / SSIM / PSNR-B dB | " + " | ".join(f"QF {q}" for q in fixed) + " |",
        "|---" * (len(fixed) + 1) + "|",
    ]
    lines.append("| JPEG | " + " | ".join(_cell(s["jpeg"]) for s in fixed.values()) + " |")
    lines.append(f"| **{name}** | " + " | ".join(f"**{_cell(s['restored'])}**" for s in fixed.values()) + " |")
    lines.append("| gain in PSNR | " + " | ".join(_gain(s) for s in fixed.values()) + " |")
    if list(fixed) == ["10", "20", "30", "40"]:
        lines += [f"| {who} | " + " | ".join(cells) + " |" for who, cells in _PUBLISHED.items()]
    blind, fine, lossless = result["blind"], result["fine"], result["lossless"]
    draws = ", ".join(f"{image} {q}" for image, q in blind["qualities"].items())
    lines += [
        "", "The lower rows are from the paper's Table 2; those of the two classical tools are our own "
        "measurements.", "",
        f"**Blind**, QF 10 to 70 drawn at random for each image: JPEG {_cell(blind['jpeg'])}, "
        f"{name} {_cell(blind['restored'])} "
        f"({_gain(blind)} dB). QFs (NumPy RandomState({BLIND_SEED})): {draws}.", "",
        "The paper's blind results: " + "; ".join(f"{who} {cell}" for who, cell in _PUBLISHED_BLIND.items()) + ". "
        "Its QFs are unpublished and its PSNR-B seems to follow another definition: compare gains over JPEG, not "
        "values.", "",
        f"**High-quality photos**: at QF 95, JPEG {_cell(fine['jpeg'])}, {name} {_cell(fine['restored'])} "
        f"({_gain(fine)} dB). "
        f"For originals that were never compressed, the PSNR between input and output is {lossless['mean']:.2f} dB on "
        f"average and {lossless['least']:.2f} dB at worst.",
    ]  # fmt: skip
    return "\n".join(lines)


def wild(path):
    """The second table, from what `python -m model.wild --json` wrote."""
    return table(rows_of(json.loads(path.read_text(encoding="utf-8"))))


def attribution(rows, path):
    """The training photographs as a table: one line per tile."""
    with open(path, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, delimiter="\t", lineterminator="\n")
        out.writerow(("source", "file", "licence"))
        out.writerows(sorted({(row["source"], row.get("original", row["file"]), row["licence"]) for row in rows}))


def sources(rows):
    """Counts by source and licence, as Markdown."""
    counts = collections.Counter((row["source"], row["licence"]) for row in rows)
    lines = ["| tiles | source | licence |", "|---|---|---|"]
    return "\n".join(
        lines + [f"| {n} | {source} | {licence.replace('|', ';')} |" for (source, licence), n in counts.most_common()]
    )


def text_sample(width=224, height=160):
    """A drawn picture of small type on two grounds, H x W x 3 uint8."""
    image = Image.new("RGB", (width, height), (244, 240, 228))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default()
    draw.rectangle((0, height // 2, width, height), fill=(40, 70, 110))
    for i, line in enumerate(("Sphinx of black quartz,", "judge my vow. 0123456789", "The five boxing wizards")):
        draw.text((8, 6 + 24 * i), line, (30, 30, 30), font=font)
        draw.text((8, height // 2 + 6 + 24 * i), line, (240, 120, 80), font=font)
    return np.asarray(image)


def picture(clean, engine, path, qualities=(10, 40), zoom=2):
    """Original, then JPEG and restored per QF, side by side, enlarged without smoothing."""
    panels = [clean]
    for quality in qualities:
        file = encode(clean, quality)
        panels += [engines.decode(file), engine({"a": file})["a"]]
    sheet = Image.fromarray(np.concatenate(panels, axis=1))
    sheet.resize((sheet.width * zoom, sheet.height * zoom), Image.NEAREST).save(path, quality=90, method=6)


def write(args):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(args.onnx), providers=["CPUExecutionProvider"])
    facts = {k[8:]: v for k, v in session.get_modelmeta().custom_metadata_map.items() if k.startswith("burnish.")}
    name, folder = facts["name"], args.onnx.parent
    result = json.loads(args.scores.read_text(encoding="utf-8"))
    rows = data.read_manifest(args.data)
    attribution(rows, folder / f"{name}-attribution.tsv")
    engine, shown = engines.Onnx(args.onnx), []
    samples = {"trees": _sample("df8baea766"), "brick": _sample("99c0b4ef2f"), "text": text_sample()}
    for label, clean in samples.items():
        picture(clean, engine, folder / f"{name}-{label}.webp")
        shown.append(f"![{label}]({name}-{label}.webp)")
    seconds, memory = cost(args.onnx, int(facts["tile"]))
    template = pathlib.Path(__file__).with_name("card.md").read_text(encoding="utf-8")
    card = template.format(
        name=name, version=facts["version"], weights=facts["weights"], size=args.onnx.stat().st_size / 1e6,
        parameters=int(facts["parameters"]) / 1e6, kmac=macs_per_pixel(args.checkpoint) / 1e3,
        seconds=seconds, memory=memory, tile=facts["tile"], halo=facts["halo"], multiple=facts["multiple"],
        scored=result["engine"], images=result["images"], tables=tables(result, name), sources=sources(rows),
        wild=wild(args.wild) if args.wild else "", worse=WORSE,
        licence=_LICENCE.format(attribution=f"{name}-attribution.tsv"), pictures="\n\n".join(shown),
        notes=args.notes.read_text(encoding="utf-8").strip() if args.notes else "", total=len(rows),
    )  # fmt: skip
    (folder / f"{name}.md").write_text(card, encoding="utf-8")


def _sample(stem):
    return data.load_image(pathlib.Path(__file__).parent / "data_small" / f"{stem}.webp")[16:176]


def main(argv=None):
    ap = argparse.ArgumentParser(prog="python -m model.card", description=__doc__.split("\n\n")[0])
    ap.add_argument("--onnx", type=pathlib.Path, required=True)
    ap.add_argument("--checkpoint", type=pathlib.Path, required=True)
    ap.add_argument("--scores", type=pathlib.Path, required=True, help="written by evaluate --json")
    ap.add_argument("--wild", type=pathlib.Path, help="written by wild --json")
    ap.add_argument("--data", type=pathlib.Path, required=True, help="training folder with manifest.tsv")
    ap.add_argument("--notes", type=pathlib.Path, help="Markdown on training and limitations")
    args = ap.parse_args(argv)
    try:
        write(args)
    except (OSError, ValueError) as error:
        print(f"card: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
