"""What the statistics of the whole photo would buy: an experiment with windows.

    python -m model.whole --data FOLDER [--limit N] [--quality 20] [--side 384]

The attention between channels and the channel attention weigh sums over all pixels that they see: of a window, where a
photo is restored in windows. Here they get others' sums: those of the photo in one piece, of a first pass over all or
a few windows, or over the photo at half its size. Each photo is cut to as many windows as fit.
"""

import argparse
import contextlib
import types

import numpy as np
import torch
from PIL import Image

from .blocks import MDTA
from .bench import _CHECKPOINT
from .checkpoint import load_network
from .evaluate import encode, originals
from .engines import decode
from .restore import quantize
from .score import psnr

_EDGE = 16  # pixels of a window thrown away where it has a neighbour


class Statistics:
    """The means over all pixels that blocks ask for; recorded, or replaced by the mean of what was."""

    def __init__(self):
        self.seen, self.replaces = {}, False

    def __call__(self, module, values):
        if self.replaces:
            return [torch.stack(v).mean(dim=0) for v in zip(*self.seen[module])]
        self.seen.setdefault(module, []).append(values)
        return values


def _attention(self, x):
    """MDTA.forward with the sums through `self.statistics`."""
    b, _, h, w = x.shape
    dim, heads = self.dim, self.heads
    q, k, v = self.qkv_dwconv(self.qkv(x)).reshape(b, 3, heads, dim // heads, -1).unbind(1)
    products, q, k = self.statistics(self, [q @ k.transpose(2, 3) / (h * w), (q * q).mean(dim=3), (k * k).mean(dim=3)])
    norms = q.sqrt().unsqueeze(3) * k.sqrt().unsqueeze(2)
    attention = (products / norms.clamp(min=1e-12) * self.temperature).softmax(dim=3)
    return self.project_out((attention @ v).reshape(b, dim, h, w))


@contextlib.contextmanager
def observed(net):
    """`net` with its statistics through what it yields."""
    statistics, hooks = Statistics(), []
    for module in net.modules():
        if isinstance(module, MDTA):
            module.statistics, module.forward = statistics, types.MethodType(_attention, module)
        if isinstance(module, torch.nn.AdaptiveAvgPool2d):
            hooks.append(module.register_forward_hook(lambda m, _, out: statistics(m, [out])[0]))
    yield statistics
    for hook in hooks:
        hook.remove()
    for module in net.modules():
        if isinstance(module, MDTA):
            del module.statistics, module.forward


@torch.no_grad()
def run(net, image):
    """H x W x 3 uint8, multiples of what the network takes, to float."""
    x = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float().div(255).unsqueeze(0)
    return net(x)[0].permute(1, 2, 0).numpy()


def places(length, side):
    return range(0, length - side + 1, side - 2 * _EDGE)


def windows(net, image, side, some=None):
    """The photo restored window by window; of `some` windows alone where given."""
    height, width = image.shape[:2]
    out = np.zeros(image.shape, np.float32)
    for n, (y, x) in enumerate((y, x) for y in places(height, side) for x in places(width, side)):
        if some is not None and n not in some:
            continue
        top, left = (_EDGE if y else 0), (_EDGE if x else 0)
        out[y + top : y + side, x + left : x + side] = run(net, image[y : y + side, x : x + side])[top:, left:]
    return out


def ways(net, image, side):
    """{way: the photo restored}."""
    count = len(places(image.shape[0], side)) * len(places(image.shape[1], side))
    half = np.asarray(Image.fromarray(image).reduce(2))
    half = half[: half.shape[0] // 32 * 32, : half.shape[1] // 32 * 32]
    results = {}

    def twice(name, first):
        with observed(net) as statistics:
            got = first()
            statistics.replaces = True
            results[name] = windows(net, image, side)
        return got

    results["windows' own"] = twice("of all windows, averaged", lambda: windows(net, image, side))
    results["in one piece"] = twice("of the photo in one piece", lambda: run(net, image))
    twice("of 3 windows, averaged", lambda: windows(net, image, side, (0, count // 2, count - 1)))
    twice("of the photo at half its size", lambda: run(net, half))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of clean images")
    parser.add_argument("--limit", type=int, default=0, help="images; 0: all")
    parser.add_argument("--quality", type=int, default=20, help="of the JPEG")
    parser.add_argument("--side", type=int, default=384, help="tile size, px")
    parser.add_argument("--checkpoint", default=_CHECKPOINT)
    a = parser.parse_args()
    net, rows = load_network(a.checkpoint).eval(), {}
    stride = a.side - 2 * _EDGE
    for clean in originals(a.data, a.limit).values():
        height, width = ((n - 2 * _EDGE) // stride * stride + 2 * _EDGE for n in clean.shape[:2])
        clean = clean[:height, :width]
        results = {k: quantize(v) for k, v in ways(net, decode(encode(clean, a.quality)), a.side).items()}
        whole = results["in one piece"].astype(int)
        for name, image in results.items():
            rows.setdefault(name, []).append((psnr(clean, image), abs(image - whole).mean(), abs(image - whole).max()))
    print(f"{'statistics':32}{'PSNR':>8}{'mean':>8}{'most':>6}   (the latter two: difference from one piece, of 255)")
    for name, values in rows.items():
        db, mean, most = (np.array(column) for column in zip(*values))
        print(f"{name:32}{db.mean():8.2f}{mean.mean():8.2f}{most.max():6.0f}")


if __name__ == "__main__":
    main()
