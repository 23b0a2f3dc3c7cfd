"""Train PromptCIR, or go on with a run.

    python -m model.train --data DATA --out RUN --minutes 600
    python -m model.train --data DATA --out RUN --init model/checkpoints/lite/lite.pth --lr 5e-4 --minutes 600
    python -m model.train --steps 20

Loss is the mean absolute error (the paper's). AdamW, linear warm-up, then a
cosine down to --min-lr over --steps or over --minutes of training time. An
exponential moving average of the weights is what evaluation and export take.
RUN/last.pth holds everything needed to go on; starting again with the same
--out does so, and with --steps ends at the very same weights. Options given
anew at that point (batch, patch, budget) apply from there on.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import time

import numpy as np
import torch
import torch.distributed as dist
from torch.utils.data import DataLoader

from . import checkpoint, data
from .net import Config
from .restore import restore
from .score import psnr
from .trainer import Trainer, processes, rank

SMALL = pathlib.Path(__file__).parent / "data_small"
RUNS = pathlib.Path("model/runs/try")
_ENDLESS = 2**40  # items; a run by the clock does not know its length


def parser():
    ap = argparse.ArgumentParser(prog="python -m model.train", description=__doc__.split("\n\n")[0])
    ap.add_argument("--config", default="lite", help="lite, base or promptcir")
    ap.add_argument("--data", type=pathlib.Path, default=SMALL, help="folder with manifest.tsv")
    ap.add_argument("--licences", default="", help="comma-separated prefixes; default: all in the manifest")
    ap.add_argument("--valid", type=pathlib.Path, help="folder of clean images for model selection")
    ap.add_argument("--out", type=pathlib.Path, default=RUNS, help="the run's folder; default: %(default)s")
    ap.add_argument("--init", type=pathlib.Path, help="weights to start a new run from")
    length = ap.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=int)
    length.add_argument("--minutes", type=float, help="training time, all sittings of the run together")
    ap.add_argument("--batch", type=int, default=16)
    ap.add_argument("--patch", type=int, default=64, help="px, a multiple of the network's")
    ap.add_argument("--lr", type=float, default=1e-3)
    ap.add_argument("--min-lr", type=float, default=1e-6)
    ap.add_argument("--warmup", type=int, default=200, help="steps")
    ap.add_argument("--decay", type=float, default=1e-4, help="weight decay")
    ap.add_argument("--clip", type=float, default=1.0, help="gradient norm")
    ap.add_argument("--average", type=float, default=0.999, help="decay of the moving average per step")
    ap.add_argument("--stage", type=int, choices=(1, 2), default=2, help="the paper's: QF in tens, or any")
    ap.add_argument("--workers", type=int, default=1, help="feeding patches to each process")
    ap.add_argument("--processes", type=int, default=1, help="training together on this machine")
    ap.add_argument("--threads", type=int, default=0, help="of PyTorch; 0: its choice")
    ap.add_argument("--device", default="auto")
    ap.add_argument("--precision", choices=("auto", "fp32", "bf16", "fp16"), default="auto")
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--save-minutes", type=float, default=5)
    ap.add_argument("--valid-minutes", type=float, default=15)
    return ap


def validate(net, images, qualities=(10, 40), side=192):
    """Mean PSNR in dB over centre crops of `images` at each QF: {QF: (jpeg, restored)}."""
    table = {}
    for quality in qualities:
        scores = []
        for image in images.values():
            top, left = ((length - min(side, length)) // 16 * 8 for length in image.shape[:2])
            clean = image[top : top + side, left : left + side]
            damaged = data.compress(np.ascontiguousarray(clean), quality)
            scores.append((psnr(clean, damaged), psnr(clean, restore(net, damaged))))
        table[quality] = tuple(np.mean(scores, axis=0))
    return table


def train(trainer, images, valid, log):
    """Run until the budget is spent; `log` takes one line at a time. Returns the trainer."""
    args, at = trainer.args, trainer.progress
    patches = data.Patches(images, args.patch, _ENDLESS, data.Damage(stage=args.stage), args.seed, at.seen)
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
        if trainer.finished():
            break
        losses.append(trainer.step(damaged, clean))
        if rank():
            continue
        now = time.monotonic()
        if now - logged > 60 or trainer.finished():
            loss, norm = np.mean(losses, axis=0)
            log(f"step {at.step} min {at.minutes:.1f} loss {loss:.5f} norm {norm:.3f} "
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
    mean = float(np.mean([restored for _, restored in table.values()]))
    log("valid " + " ".join(f"QF {q} {jpeg:.3f} -> {out:.3f} ({out - jpeg:+.3f})" for q, (jpeg, out) in table.items()))
    if mean > trainer.progress.best:
        trainer.progress.best = mean
        checkpoint.save(trainer.args.out / "best.pth", checkpoint.compact(trainer.state()))


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
    images = [image for image in images if min(image.shape[:2]) >= args.patch + 8]
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
            f"batch {args.batch}, patch {args.patch}, lr {args.lr:g}, seed {args.seed}")  # fmt: skip
        train(trainer, images, data.load_folder(args.valid) if args.valid and rank() == 0 else {}, log)
    return 0


if __name__ == "__main__":
    sys.exit(main())
