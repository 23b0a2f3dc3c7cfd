"""Average the weights of checkpoints of one network that share a start.

    python -m model.average --out lite.pth START.pth END.pth [--shares 0.5 0.5]

A mean between the weights that a run started from and those that it ended with
is often better than both on what either was trained for (Wortsman et al.,
"Robust fine-tuning of zero-shot models", CVPR 2022).
"""

import argparse
import pathlib
import sys

from . import checkpoint


def average(contents, shares):
    """Compact content with the weighted mean of the weights; config and progress are those of the last.

    ValueError where the networks differ or the shares are not one each, adding up to 1.
    """
    if len(shares) != len(contents) or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"shares: must be {len(contents)} numbers that add up to 1, got {shares}")
    states = [checkpoint.weights(content) for content in contents]
    configs = [checkpoint.config_of(content) for content in contents]
    if any(config != configs[-1] for config in configs):
        raise ValueError("the checkpoints are of different networks")
    mean = {key: sum(share * state[key] for share, state in zip(shares, states)) for key in states[-1]}
    return checkpoint.compact(
        {"config": checkpoint.config_dict(configs[-1]), "ema": mean, "progress": contents[-1].get("progress", {})}
    )


def main(argv=None):
    ap = argparse.ArgumentParser(prog="python -m model.average", description=__doc__.split("\n\n")[0])
    ap.add_argument("checkpoints", type=pathlib.Path, nargs="+")
    ap.add_argument("--shares", type=float, nargs="+", help="of each; default: equal")
    ap.add_argument("--out", type=pathlib.Path, required=True)
    args = ap.parse_args(argv)
    shares = args.shares or [1 / len(args.checkpoints)] * len(args.checkpoints)
    try:
        checkpoint.save(args.out, average([checkpoint.load(path) for path in args.checkpoints], shares))
    except (OSError, ValueError) as error:
        print(f"average: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
