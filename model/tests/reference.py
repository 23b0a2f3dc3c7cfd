"""Stand-in weights and inputs for the parity test, the same on every machine.

The authors' trained weights are not ours to ship, so the test compares networks
on weights drawn from a legacy NumPy generator. Each tensor is seeded with the
CRC-32 of its key, and none is left at a value (zeros, ones) that would hide a
wrong layer.
"""

import ast
import pathlib
import zlib

import numpy as np

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
SHARED = pathlib.Path(__file__).parents[2].parent / "shared"


def keys():
    """{key: (shape, dtype name)} of the authors' state_dict."""
    lines = (FIXTURES / "state_dict_keys.tsv").read_text(encoding="utf-8").splitlines()
    return {key: (ast.literal_eval(shape), dtype) for key, shape, dtype in (line.split("\t") for line in lines)}


def tensor(key, shape):
    """float32 array for `key`."""
    x = np.random.RandomState(zlib.crc32(key.encode()) & 0xFFFFFFFF).standard_normal(shape)
    if key.endswith("relative_position_bias_table"):
        x *= 0.5
    elif key.endswith("temperature"):
        x = 1 + 0.3 * x
    elif key.endswith(".prompt"):
        x = 0.5 + 0.3 * x
    elif len(shape) == 1:
        x = 1 + 0.2 * x if key.endswith("weight") else 0.1 * x
    else:
        x /= np.sqrt(np.prod(shape[1:]))
    return (x * (0.05 if key == "output.weight" else 1)).astype(np.float32)


def reference_state_dict():
    """{key: array} of every float32 entry; index buffers are computed by the network."""
    return {key: tensor(key, shape) for key, (shape, dtype) in keys().items() if dtype == "float32"}


def reference_input(height, width):
    """1 x 3 x height x width float32 in [0, 1]: smooth waves and noise."""
    rng = np.random.RandomState(20240)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [0.5 + 0.3 * np.sin(x / (7 + 3 * c)) * np.cos(y / (11 - 2 * c)) for c in range(3)]
    image = np.stack(waves) + 0.08 * rng.standard_normal((3, height, width))
    return np.clip(image, 0, 1).astype(np.float32)[None]
