"""Deepen a trained network without changing what it computes, so that the larger one starts where it stands.

    python -m model.grow --checkpoint model/checkpoints/lite/lite.pth --config fine --out fine.pth
    python -m model.train --config fine --init fine.pth ...

Every stage keeps its blocks and gets new ones at its end. Blocks are residual,
so a new one whose output projections are zero passes its input on; the rest of
it is initialized as usual and learns from the first step. (Widening in the way
of Net2Net, Chen et al., ICLR 2016, cannot be exact here: LayerNorm's mean and
variance run over the channels.)
"""

import argparse
import dataclasses
import pathlib
import sys

import torch
from torch import nn

from . import checkpoint
from .blocks import HAB, TransformerBlock
from .net import Config, PromptCIR

_DEEPENED = ("blocks", "refinement")


def grow(small, config):
    """PromptCIR(config) that computes what `small` does; ValueError where config is not `small`, deepened."""
    same = dataclasses.replace(config, **{name: getattr(small.config, name) for name in _DEEPENED})
    if same != small.config:
        raise ValueError(f"config: may differ from the checkpoint's in {' and '.join(_DEEPENED)} alone")
    if config.refinement < small.config.refinement or any(a < b for a, b in zip(config.blocks, small.config.blocks)):
        raise ValueError(f"config: must be as deep as the checkpoint's or deeper, got blocks {config.blocks}, "
                         f"refinement {config.refinement}")  # fmt: skip
    large, known = PromptCIR(config), small.state_dict()
    for name, part in large.named_modules():
        if isinstance(part, (TransformerBlock, HAB)) and not any(key.startswith(name + ".") for key in known):
            _pass_on(part)
    large.load_state_dict(known, strict=False)
    return large


def _pass_on(block):
    """Make a residual block the identity."""
    outputs = [block.ffn.project_out]
    outputs += [block.attn.proj, block.conv_block.cab[2]] if isinstance(block, HAB) else [block.attn.project_out]
    for layer in outputs:
        nn.init.zeros_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def main(argv=None):
    ap = argparse.ArgumentParser(prog="python -m model.grow", description=__doc__.split("\n\n")[0])
    ap.add_argument("--checkpoint", type=pathlib.Path, required=True, help="of the smaller network")
    ap.add_argument("--config", default="fine", help="name of the larger one; default: %(default)s")
    ap.add_argument("--out", type=pathlib.Path, required=True)
    ap.add_argument("--seed", type=int, default=0)
    args = ap.parse_args(argv)
    torch.manual_seed(args.seed)
    try:
        large = grow(checkpoint.load_network(args.checkpoint), Config.named(args.config))
        checkpoint.save(args.out, {"config": checkpoint.config_dict(large.config), "ema": large.state_dict()})
    except (OSError, ValueError) as error:
        print(f"grow: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
