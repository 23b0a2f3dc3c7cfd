"""What a runtime that opens an exported network is compared with: its answer to a known input, and its work."""

import base64
import json
import pathlib
import sys
import tempfile

import numpy as np

SIDE = 64  # px of the known input, rounded up to what the network takes
_LOW, _STEPS = -0.5, 32767.5  # an answer from -0.5 to 1.5 in 16 bits


def known_input(side):
    """1 x 3 x side x side in [0, 1]: smooth, with an edge every eight pixels. The daemon makes the same."""
    channel, y, x = np.meshgrid(np.arange(3.0), np.arange(side), np.arange(side), indexing="ij")
    wave = np.sin(x * 0.21 + channel) * np.cos(y * 0.17) + 0.2 * ((x // 8 + y // 8) % 2)
    return (0.45 + 0.3 * wave).astype(np.float32)[None]


def encode(answer):
    """Base64 of little-endian 16-bit numbers for -0.5 to 1.5, in steps of 1/32767.5; None for an answer beyond that."""
    steps = np.rint((np.asarray(answer, np.float64) - _LOW) * _STEPS)
    if not (steps.min() >= 0 and steps.max() <= 65535):
        return None
    return base64.b64encode(steps.astype("<u2").tobytes()).decode()


def measure(path, multiple):
    """(answer to the known input, multiply-accumulates a pixel) of an ONNX file.

    None without an ONNX Runtime; where it does not run the file, stderr says why.
    """
    try:
        import onnxruntime
    except ImportError:
        return None
    try:
        return _measured(onnxruntime, path, multiple)
    except Exception as error:  # the runtime's own classes derive from nothing else
        version = onnxruntime.__version__
        print(f"{path}: ONNX Runtime {version} does not run it; no known answer is noted: {error}", file=sys.stderr)
        return None


def _measured(onnxruntime, path, multiple):
    side = -(-SIDE // multiple) * multiple
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.enable_profiling = True
        options.profile_file_prefix = str(pathlib.Path(folder) / "known")
        # As exported: optimisers join products in nodes that only they know.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        answer = session.run(["y"], {"x": known_input(side)})[0]
        events = json.loads(pathlib.Path(session.end_profiling()).read_text())
    return answer, sum(_macs(event.get("args", {})) for event in events) / side**2


def _macs(args):
    """Of one convolution or product of matrices in a profile."""
    if args.get("op_name") not in ("Conv", "MatMul") or not args.get("output_type_shape"):
        return 0
    first, second = ([next(iter(tensor.values())) for tensor in args["input_type_shape"]] + [[], []])[:2]
    out = next(iter(args["output_type_shape"][0].values()))
    depth = np.prod(second[1:]) if args["op_name"] == "Conv" else first[-1]
    return float(np.prod(out) * depth)
