"""Train PromptCIR, or go on with a run.

    python -m model.train --data DATA --out RUN --steps 60000 --sitting 170
    python -m model.train --data DATA --out RUN --init model/checkpoints/lite/lite.pth --lr 5e-4 --steps 60000
    python -m model.train --steps 20

Muon for matrices, AdamW for the rest; the rate warms up, stays at --lr, and cools down over the last --cooldown
steps. An exponential moving average of the weights is what evaluation and
export take. RUN/last.pth holds everything needed to go on; starting again with
the same --out does so and ends at the very same weights. --sitting stops after
that many minutes and saves. Options given anew at that point (batch, patch,
loss, steps) apply from there on. To see what a long run is worth so far, copy
RUN/last.pth to a folder of its own and cool it down there.
"""

import argparse
import math
import os
import pathlib
import sys
import tempfile
import time

import numpy as np
import torch
import torch.distributed as dist
from PIL import Image
from torch.utils.data import DataLoader

from . import checkpoint, data, fast, graphics
from .damage import SPARE, Damage, compress, scale
from .net import Config
from .restore import restore
from .score import psnr
from .trainer import LOSSES, Trainer, processes, rank

SMALL = pathlib.Path(__file__).parent / "data_small"
RUNS = pathlib.Path("model/runs/try")
_ENDLESS = 2**40  # items; the loader runs on until the steps are done


def parser():
    ap = argparse.ArgumentParser(prog="python -m model.train", description=__doc__.split("\n\n")[0])
    ap.add_argument("--config", default="lite", help="lite, fine, base or promptcir")
    ap.add_argument("--data", type=pathlib.Path, default=SMALL, help="folder with manifest.tsv")
    ap.add_argument("--licences", default="", help="comma-separated prefixes; default: all in the manifest")
    ap.add_argument("--valid", type=pathlib.Path, help="folder of clean images for model selection")
    ap.add_argument("--out", type=pathlib.Path, default=RUNS, help="the run's folder; default: %(default)s")
    ap.add_argument("--init", type=pathlib.Path, help="weights to start a new run from")
    ap.add_argument("--steps", type=int, required=True, help="steps of the whole run, over all sittings")
    ap.add_argument("--cooldown", type=int, default=0, help="steps at the end with a falling learning rate")
    ap.add_argument("--sitting", type=float, default=math.inf, help="minutes until this sitting saves and stops")
    ap.add_argument("--batch", type=int, default=16)
    ap.add_argument("--patch", type=int, default=64, help="px, a multiple of the network's")
    ap.add_argument("--optimizer", choices=("adamw", "muon"), default="muon", help="muon: for matrices; see muon.py")
    ap.add_argument("--lr", type=float, default=1e-3)
    ap.add_argument("--min-lr", type=float, default=1e-6)
    ap.add_argument("--warmup", type=int, default=200, help="steps")
    ap.add_argument("--decay", type=float, default=1e-4, help="weight decay")
    ap.add_argument("--clip", type=float, default=1.0, help="gradient norm")
    ap.add_argument("--average", type=float, default=0.999, help="decay of the moving average per step")
    ap.add_argument("--loss", choices=tuple(LOSSES), default="l1", help="l2: for the last part")
    ap.add_argument("--stage", type=int, choices=(1, 2), default=2, help="the paper's: QF in tens, or any")
    ap.add_argument("--chain", type=float, default=Damage.chain, help="share of patches saved and scaled repeatedly")
    ap.add_argument("--graphics", type=int, default=40, help="synthetic pages among the photographs")
    ap.add_argument("--fast", action=argparse.BooleanOptionalAction, default=None, help="fused training kernels; "
                    "default: on CPUs where PyTorch can compile them")  # fmt: skip
    ap.add_argument("--workers", type=int, default=1, help="feeding patches to each process")
    ap.add_argument("--processes", type=int, default=1, help="training together on this machine")
    ap.add_argument("--threads", type=int, default=0, help="of PyTorch; 0: its choice")
    ap.add_argument("--device", default="auto")
    ap.add_argument("--precision", choices=("auto", "fp32", "bf16", "fp16"), default="auto")
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--save-minutes", type=float, default=5)
    ap.add_argument("--valid-minutes", type=float, default=15)
    return ap


def _resaved(clean):
    """Saved badly, scaled, saved again: both at the new size."""
    height, width = (round(0.7 * side) for side in clean.shape[:2])
    small = scale(compress(clean, 30), height, width, Image.BICUBIC)
    return compress(small, 92), scale(clean, height, width, Image.BICUBIC)


CONDITIONS = {
    "QF 10": lambda clean: (compress(clean, 10), clean),
    "QF 40": lambda clean: (compress(clean, 40), clean),
    "QF 30, x0.7, QF 92": _resaved,
    "clean": lambda clean: (clean, clean),
}


def validate(net, images):
    """Mean PSNR in dB over whole `images` under each condition: {name: (damaged, restored)}; clean: (inf, dB)."""
    table = {}
    for name, damage in CONDITIONS.items():
        scores = []
        for image in images.values():
            damaged, clean = damage(image)
            scores.append((psnr(clean, damaged), psnr(clean, restore(net, damaged))))
        table[name] = tuple(np.mean(scores, axis=0))
    return table


def train(trainer, images, valid, log):
    """Run until the budget is spent; `log` takes one line at a time. Returns the trainer."""
    args, at = trainer.args, trainer.progress
    patches = data.Patches(images, args.patch, _ENDLESS, Damage(stage=args.stage, chain=args.chain), args.seed, at.seen)
    if args.batch % processes():
        raise ValueError(f"batch: {args.batch} does not divide among {processes()} processes")
    loader = DataLoader(
        patches,
        args.batch // processes(),
        sampler=range(rank(), _ENDLESS, processes()),
        num_workers=args.workers,
        pin_memory=trainer.device.type == "cuda",
    )
    started = logged = saved = time.monotonic()
    checked = started - 60 * args.valid_minutes
    losses, before = [], at.seen
    trainer.pause()
    for damaged, clean in loader:
        if trainer.finished() or trainer.agreed(time.monotonic() - started > 60 * args.sitting):
            break
        losses.append(trainer.step(damaged, clean))
        if rank():
            continue
        now = time.monotonic()
        if now - logged > 60 or trainer.finished():
            loss, norm = np.mean(losses, axis=0)
            log(f"step {at.step} Mpx {at.megapixels:.0f} min {at.minutes:.1f} loss {loss:.5f} norm {norm:.3f} "
                f"lr {trainer.rate():.2e} patches/s {(at.seen - before) / (now - logged):.1f}")  # fmt: skip
            logged, losses, before = now, [], at.seen
        if valid and (now - checked > 60 * args.valid_minutes or trainer.finished()):
            _select(trainer, valid, log)
            checked = time.monotonic()
            trainer.pause()
        if now - saved > 60 * args.save_minutes:
            checkpoint.save(args.out / "last.pth", trainer.state())
            saved = now
    if rank() == 0:
        checkpoint.save(args.out / "last.pth", trainer.state())
        log(f"stopped at step {at.step} after {(time.monotonic() - started) / 60:.1f} min")
    return trainer


def _select(trainer, valid, log):
    """Score the averaged weights on the validation images; keep the best as best.pth."""
    table = validate(trainer.average, valid)
    log("valid " + "; ".join(_result(name, *scores) for name, scores in table.items()))
    gain = float(np.mean([after - before for before, after in table.values() if math.isfinite(before)]))
    if gain > trainer.progress.best:
        trainer.progress.best = gain
        checkpoint.save(trainer.args.out / "best.pth", checkpoint.compact(trainer.state()))


def _result(name, before, after):
    gain = f"{before:.3f} -> {after:.3f} ({after - before:+.3f})" if math.isfinite(before) else f"{after:.2f}"
    return f"{name} {gain}"


def main(argv=None):
    args = parser().parse_args(argv)
    try:
        if args.processes == 1:
            return run(args)
        with tempfile.TemporaryDirectory() as folder:
            torch.multiprocessing.spawn(_member, (args, f"file://{folder}/meeting"), args.processes)
        return 0
    except (OSError, ValueError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 1


def _member(number, args, meeting):
    """One of several processes on this machine."""
    on_gpu = args.device != "cpu" and torch.cuda.is_available()
    if not on_gpu:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    dist.init_process_group("nccl" if on_gpu else "gloo", meeting, rank=number, world_size=args.processes)
    run(args)
    dist.destroy_process_group()


def run(args):
    """Train in this process, alone or as one of several; returns the exit status."""
    torch.set_flush_denormal(True)
    if args.threads:
        torch.set_num_threads(args.threads)
    config = Config.named(args.config)
    if args.patch % config.multiple:
        raise ValueError(f"patch: {args.patch} px is not a multiple of the network's {config.multiple}")
    licences = [name for name in args.licences.split(",") if name]
    images = [data.load_image(row["path"]) for row in data.read_manifest(args.data, licences)]
    images = [image for image in images if min(image.shape[:2]) >= args.patch + SPARE]
    images += graphics.pages(args.graphics)
    if args.fast is None:
        args.fast = args.device != "cuda" and not torch.cuda.is_available() and fast.available()
    trainer = Trainer(args, config)
    args.out.mkdir(parents=True, exist_ok=True)
    last = args.out / "last.pth"
    with open(args.out / "log.txt" if rank() == 0 else os.devnull, "a", encoding="utf-8") as file:

        def log(line):
            if rank() == 0:
                line = time.strftime("%Y-%m-%d %H:%M:%S ", time.gmtime()) + line
                print(line, flush=True)
                print(line, file=file, flush=True)

        if last.is_file():
            trainer.resume(checkpoint.load(last), last)
            log(f"resumed {last} at step {trainer.progress.step}")
        elif args.init:
            trainer.start_from(args.init)
            log(f"starts from the weights in {args.init.name}")
        log(f"{args.config} on {trainer.device} x {processes()}, {trainer.dtype}, {len(images)} images, "
            f"batch {args.batch}, patch {args.patch}, {args.loss}, {args.optimizer}, lr {args.lr:g}, chains {args.chain:g}, "
            f"seed {args.seed}")  # fmt: skip
        train(trainer, images, data.load_folder(args.valid) if args.valid and rank() == 0 else {}, log)
    return 0


if __name__ == "__main__":
    sys.exit(main())
