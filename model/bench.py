"""How much faster Burnish is than the same network in PyTorch eager, on this machine.

    python -m model.bench [--size MP] [--binary bin/burnish] [--checkpoint FILE.pth --model FILE.onnx]

Burnish restores a photo, decoding and encoding included; PyTorch runs bare windows of the same shape, as many as
Burnish's time is divided by. Where `jpegqs` (jpeg-quantsmooth) is installed, it is timed on a photo of the same size.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

_CHECKPOINT = pathlib.Path(__file__).parent / "checkpoints" / "lite" / "lite.pth"


def burnish(binary, model, size):
    """`burnish bench` on the CPU, as a dictionary."""
    command = [str(binary), "bench", "--device", "cpu", "--size", str(size), "--model", str(model), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{' '.join(command)} ended with status {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def eager(checkpoint, side, windows):
    """Seconds and CPU seconds a megapixel of windows in PyTorch eager, after one that warms up."""
    # Threads that wait must not compute meanwhile: on a busy machine that takes many times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from .checkpoint import load_network

    torch.set_num_threads(os.cpu_count() or 1)
    net = load_network(checkpoint).eval()
    window = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        net(window)
        started, computed = time.perf_counter(), time.process_time()
        for _ in range(windows):
            net(window)
        megapixels = windows * side * side / 1e6
        return (time.perf_counter() - started) / megapixels, (time.process_time() - computed) / megapixels


def quantsmooth(width, height):
    """Seconds a megapixel of jpeg-quantsmooth, or None where it is not installed."""
    tool = shutil.which("jpegqs") or shutil.which("jpeg-quantsmooth")
    if not tool:
        return None
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "photo.jpg"
        noise = np.random.RandomState(7).randint(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((width, height), Image.BICUBIC).save(source, quality=30)
        started = time.perf_counter()
        subprocess.run([tool, source, source.with_suffix(".out.jpg")], check=True, capture_output=True)
        return (time.perf_counter() - started) / (width * height / 1e6)


def main(argv=None):
    ap = argparse.ArgumentParser(prog="python -m model.bench", description=__doc__.split("\n\n")[0])
    ap.add_argument("--binary", type=pathlib.Path, default=pathlib.Path("bin/burnish"))
    ap.add_argument("--checkpoint", type=pathlib.Path, default=_CHECKPOINT)
    ap.add_argument("--model", default="lite", help="model of the same network in Burnish")
    ap.add_argument("--size", default="0.5", help="megapixels of the photo")
    ap.add_argument("--side", type=int, default=256, help="tile size for PyTorch, px")
    ap.add_argument("--windows", type=int, default=4, help="number of tiles that PyTorch is timed on")
    args = ap.parse_args(argv)
    try:
        ours = burnish(args.binary, args.model, args.size)
        row = ours["rows"][0]
        here, here_cpu = row["seconds"] / row["window_mp"], row["cpu_seconds"] / row["window_mp"]
        print(f"burnish, {ours['model']} on {ours['device']}: {row['seconds_per_mp']:.2f} s/MP of photo")
        there, there_cpu = eager(args.checkpoint, args.side, args.windows)
        print(f"a megapixel of windows: Burnish {here:.2f} s, {here_cpu:.2f} s of CPU time")
        print(f"PyTorch eager, the same network: {there:.2f} s, {there_cpu:.2f} s of CPU time")
        print(f"Burnish is {there / here:.2f} times as fast, {there_cpu / here_cpu:.2f} times by CPU time")
        classical = quantsmooth(row["width"], row["height"])
        if classical is None:
            print("jpeg-quantsmooth: not installed (no jpegqs on PATH)")
        else:
            ratio = row["seconds_per_mp"] / classical
            print(f"jpeg-quantsmooth: {classical:.2f} s/MP of photo, {ratio:.1f} times as fast as Burnish")
    except (ImportError, OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
