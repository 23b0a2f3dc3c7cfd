"""Compare the forms a model can be exported in: what each loses in PSNR, and the time it wins on this CPU.

    python -m model.forms --checkpoint model/checkpoints/lite/lite.pth --data LIVE1 --limit 8

Forms: single precision; weights stored in half precision (what ships); half
precision throughout (for GPUs; needs PyTorch 2); 8-bit weights and activations,
scaled as the program runs (matrix products) or by the small training set
(convolutions, one scale a channel). Time is of one window on one core, the
forms taking turns, the best of some rounds each.
"""

import argparse
import pathlib
import sys
import tempfile
import time

import numpy as np

from . import engines, export
from .checkpoint import load_network
from .evaluate import encode, originals, score

SMALL = pathlib.Path(__file__).parent / "data_small"
QUALITIES = (10, 40)
ROUNDS = 5


class Calibration:
    """Windows of damaged photographs, as ONNX Runtime's quantizer reads them: 1 x 3 x side x side."""

    def __init__(self, folder=SMALL, side=128):
        windows = []
        for image in originals(folder).values():
            for quality in QUALITIES:
                damaged = engines.decode(encode(image[:side, :side], quality))
                windows.append({"x": damaged.transpose(2, 0, 1)[None].astype(np.float32) / 255})
        self.windows = iter(windows)

    def get_next(self):
        return next(self.windows, None)


def make(checkpoint, folder, tile):
    """{form: ONNX file}, written to `folder`; a form that this installation cannot make is left out, and said."""
    from onnxruntime import quantization

    net = load_network(checkpoint)
    common = ["--checkpoint", str(checkpoint), "--out", "x", "--name", "x", "--tile", str(tile)]

    def exported(name, *options):
        args = export.parser().parse_args([*common, *options])
        export.export(net, folder / name, args)
        return folder / name

    forms = {"single": exported("single.onnx", "--weights", "single"), "weights in half": exported("stored.onnx")}
    try:
        forms["half throughout"] = exported("half.onnx", "--half")
    except ValueError as error:
        print(error, file=sys.stderr)
    dynamic, static, prepared = (folder / f"{n}.onnx" for n in ("dynamic", "static", "prepared"))
    quantization.quant_pre_process(str(forms["single"]), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_dynamic(str(prepared), str(dynamic), op_types_to_quantize=["MatMul"])
    forms["8-bit matrix products"] = dynamic
    quantization.quantize_static(
        str(prepared), str(static), Calibration(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
        op_types_to_quantize=["Conv"], activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8, extra_options={"WeightSymmetric": True},
    )  # fmt: skip
    forms["8-bit convolutions"] = static
    return forms


def times(made, tile):
    """{form: CPU seconds per megapixel of windows of `tile` px}."""
    x = np.random.default_rng(0).random((1, 3, tile, tile), dtype=np.float32)
    best = dict.fromkeys(made, float("inf"))
    for _ in range(ROUNDS):
        for form, engine in made.items():
            started = time.process_time()
            engine.session.run(None, {"x": x})
            best[form] = min(best[form], time.process_time() - started)
    return {form: seconds / tile**2 * 1e6 for form, seconds in best.items()}


def compare(args):
    """The table's lines."""
    clean = originals(args.data, args.limit)
    with tempfile.TemporaryDirectory() as folder:
        files = make(args.checkpoint, pathlib.Path(folder), args.tile)
        made = {form: engines.Onnx(path) for form, path in files.items()}
        took = times(made, args.tile)
        gains = {
            form: [score(clean, engine, dict.fromkeys(clean, q))["restored"]["psnr"] for q in QUALITIES]
            for form, engine in made.items()
        }
        yield f"{'form':<22} " + " ".join(f"{f'QF {q}':>8} {'change':>8}" for q in QUALITIES) + "     s/MP    MB"
        for form, path in files.items():
            cells = " ".join(f"{v:8.3f} {v - w:+8.4f}" for v, w in zip(gains[form], gains["single"]))
            yield f"{form:<22} {cells} {took[form]:8.2f} {path.stat().st_size / 1e6:5.1f}"


def main(argv=None):
    ap = argparse.ArgumentParser(prog="python -m model.forms", description=__doc__.split("\n\n")[0])
    ap.add_argument("--checkpoint", type=pathlib.Path, default=pathlib.Path("model/checkpoints/lite/lite.pth"))
    ap.add_argument("--data", type=pathlib.Path, default=SMALL, help="folder of clean images; default: the small set")
    ap.add_argument("--limit", type=int, default=0, help="only the first images")
    ap.add_argument("--tile", type=int, default=256, help="tile size, px")
    args = ap.parse_args(argv)
    try:
        for line in compare(args):
            print(line)
    except (OSError, ValueError) as error:
        print(f"forms: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
