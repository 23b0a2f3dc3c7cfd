"""Export a checkpoint to ONNX, with the metadata that the daemon reads.

    python -m model.export --checkpoint model/checkpoints/lite/lite.pth --out lite.onnx --name lite
    python -m model.export --checkpoint THEIR_FILE.pth --out promptcir.onnx --config promptcir

Input `x` and output `y` are N x 3 x H x W float32 RGB in [0, 1], all three of
N, H, W free; H and W must be multiples of `burnish.multiple`. Weights are
stored in half precision and cast back at load unless --weights says otherwise;
--half computes in half precision too, for GPUs.
"""

import argparse
import copy
import hashlib
import inspect
import json
import pathlib
import sys
import warnings

import numpy as np
import torch
from torch import nn

from . import checkpoint, known
from .blocks import GDFN
from .fuse import blocks
from .net import Config

CONTRACT = "1"
VERSION = "0.6.0"
_OPSET = 17  # the first with LayerNormalization
_SMALL = 256  # elements; below that a tensor is not worth a Cast
_CREDITS = (
    "PromptCIR (Li et al., NTIRE 2024; Apache-2.0), with blocks of Restormer (Zamir et al., CVPR 2022) "
    "and HAT (Chen et al., CVPR 2023)"
)
_OWN_LICENCE = "CC-BY-SA-4.0"
_OWN_CREDITS = "; photographs: see the attribution list beside this file"


class _HalfInside(nn.Module):
    """Half precision inside, single at the ends; the input is added back in single precision."""

    def __init__(self, net):
        super().__init__()
        self.net = net.half()

    def forward(self, x):
        half = x.half()
        return x + (self.net(half) - half).float()


def widen(net, multiple=16):
    """A copy of `net` whose GDFNs have widths of a multiple, filled up with zeros: same function.

    ONNX Runtime's blocked convolutions need such widths.
    """
    net = copy.deepcopy(net)
    for ffn in [m for m in net.modules() if isinstance(m, GDFN)]:
        hidden = ffn.project_out.in_channels
        wide = -(-hidden // multiple) * multiple
        if wide != hidden:
            _fill(ffn, hidden, wide)
    return net


def _fill(ffn, hidden, wide):
    new = GDFN(ffn.project_out.out_channels, wide, bias=ffn.project_in.bias is not None)
    state = {key: torch.zeros_like(value) for key, value in new.state_dict().items()}
    for key, old in ffn.state_dict().items():
        if key == "project_out.weight":
            state[key][:, :hidden] = old
        elif key == "project_out.bias":
            state[key] = old
        else:  # gate and value halves lie one behind the other
            state[key][:hidden], state[key][wide : wide + hidden] = old[:hidden], old[hidden:]
    new.load_state_dict(state)
    ffn.project_in, ffn.dwconv, ffn.project_out = new.project_in, new.dwconv, new.project_out


def to_onnx(net, path, half=False):
    """Trace `net` to `path` with free N, H and W."""
    multiple = net.config.multiple
    device = torch.device("cuda" if half and torch.cuda.is_available() else "cpu")
    if half and device.type == "cpu" and not hasattr(torch, "compile"):
        raise ValueError(
            f"half: PyTorch {torch.__version__} traces half precision on GPUs only; use PyTorch 2 or newer"
        )
    module = (_HalfInside(copy.deepcopy(net)) if half else net).to(device)
    axes = {0: "n", 2: "h", 3: "w"}
    options = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(), torch.rand(2, 3, 2 * multiple, 3 * multiple, device=device), str(path), opset_version=_OPSET,
            input_names=["x"], output_names=["y"], dynamic_axes={"x": axes, "y": axes}, **options,
        )  # fmt: skip


def store_half(model):
    """Keep every larger float32 initializer as float16 behind a Cast, which runtimes fold at load."""
    onnx = _onnx()
    casts = []
    for tensor in model.graph.initializer:
        value = onnx.numpy_helper.to_array(tensor)
        if value.dtype != np.float32 or value.size < _SMALL:
            continue
        if not np.isfinite(value.astype(np.float16)).all():
            raise ValueError(
                f"{tensor.name}: exceeds half precision (largest {np.abs(value).max():g}); use --weights single"
            )
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(value.astype(np.float16), name + ".half"))
        casts.append(onnx.helper.make_node("Cast", [name + ".half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def weights_hash(model):
    """SHA-256 over name, shape, element type and bytes of every initializer, in order of names."""
    onnx = _onnx()
    digest = hashlib.sha256()
    for tensor in sorted(model.graph.initializer, key=lambda t: t.name):
        value = onnx.numpy_helper.to_array(tensor)
        digest.update(f"{tensor.name}\0{value.shape}\0{value.dtype}\0".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def metadata(model, path, net, args):
    """The contract with the daemon, by key; every value is a string. `path`: the model in a file."""
    own = net.config != Config()
    found = [] if args.half else blocks(model)
    return {
        "burnish.contract": CONTRACT,
        "burnish.name": args.name,
        "burnish.version": args.version,
        "burnish.multiple": str(net.config.multiple),
        "burnish.tile": str(args.tile),
        "burnish.halo": str(args.halo),
        "burnish.range": "0,1",
        "burnish.colour": "sRGB",
        "burnish.qf": "10,70",
        "burnish.weights": weights_hash(model),
        "burnish.licence": args.licence or (_OWN_LICENCE if own else "as published by the authors of PromptCIR"),
        "burnish.credits": _CREDITS + (_OWN_CREDITS if own else ""),
        "burnish.parameters": str(sum(p.numel() for p in net.parameters())),
        **({"burnish.blocks": json.dumps(found, separators=(",", ":"))} if found else {}),
        **known_answer(path, net.config.multiple),
    }


def known_answer(path, multiple):
    """What the daemon compares with when it opens the model; nothing where ONNX Runtime is not installed."""
    measured = known.measure(path, multiple)
    if measured is None:
        return {}
    answer, macs = measured
    encoded = known.encode(answer)
    return {"burnish.macs": f"{macs:.0f}", **({"burnish.known": encoded} if encoded else {})}


def export(net, out, args):
    """Write `net` to `out` as ONNX with metadata, checked in full."""
    onnx = _onnx()
    multiple = net.config.multiple
    if args.tile % multiple or args.tile <= 2 * args.halo:
        raise ValueError(
            f"tile: {args.tile} px must be a multiple of {multiple} and more than twice the halo of {args.halo}"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_suffix(".part")
    to_onnx(widen(net), scratch, half=args.half)
    model = onnx.load(str(scratch))
    if args.weights == "half" and not args.half:
        store_half(model)
        onnx.save(model, str(scratch))
    onnx.helper.set_model_props(model, metadata(model, scratch, net, args))
    model.producer_name, model.producer_version = "burnish", args.version
    model.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(scratch))
    scratch.replace(out)


def _onnx():
    try:
        import onnx
        import onnx.numpy_helper
    except ImportError as error:
        raise ValueError("export needs the package onnx: pip install -r model/requirements.txt") from error
    return onnx


def parser():
    ap = argparse.ArgumentParser(prog="python -m model.export", description=__doc__.split("\n\n")[0])
    ap.add_argument("--checkpoint", type=pathlib.Path, required=True)
    ap.add_argument("--out", type=pathlib.Path, required=True)
    ap.add_argument("--name", help="default: the file's stem")
    ap.add_argument("--config", help="lite, base or promptcir; default: as the checkpoint says or shows")
    ap.add_argument("--version", default=VERSION)
    ap.add_argument("--licence", help="of the weights; default: that of this project's own, or the authors'")
    ap.add_argument("--tile", type=int, default=384, help="recommended tile size, px, including the halo")
    ap.add_argument("--halo", type=int, default=0, help="halo that is discarded, px")
    ap.add_argument("--weights", choices=("half", "single"), default="half", help="as stored")
    ap.add_argument("--half", action="store_true", help="compute in half precision, for GPUs")
    return ap


def main(argv=None):
    args = parser().parse_args(argv)
    args.name = args.name or args.out.stem
    try:
        net = checkpoint.load_network(args.checkpoint, Config.named(args.config) if args.config else None)
        export(net, args.out, args)
    except (OSError, ValueError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
