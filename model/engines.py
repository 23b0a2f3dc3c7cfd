"""What restores the images that `evaluate` scores: PyTorch, ONNX Runtime or the Burnish binary.

An engine is called with {name: file bytes} of JPEG or PNG images and returns
{name: H x W x 3 uint8 RGB}; `seconds` sums its CPU time. Each imports what it needs when it is made, so that
the binary is scored without PyTorch or ONNX Runtime installed.
"""

import io
import pathlib
import resource
import subprocess
import tempfile
import time

import numpy as np
from PIL import Image


def decode(data):
    """File bytes to H x W x 3 uint8 RGB, by Pillow."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


class Torch:
    """A checkpoint on PyTorch, whole images."""

    def __init__(self, path, device="cpu"):
        from . import checkpoint

        self.net = checkpoint.load_network(path).to(device)
        self.name = f"PyTorch, {pathlib.Path(path).name}"
        self.seconds = 0.0

    def __call__(self, files):
        from .restore import restore

        started = time.process_time()
        restored = {name: restore(self.net, decode(data)) for name, data in files.items()}
        self.seconds += time.process_time() - started
        return restored


class Onnx:
    """An exported model on ONNX Runtime; `tile` px windows with its halo, or whole images where tile is 0."""

    def __init__(self, path, tile=0, threads=1):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        facts = self.session.get_modelmeta().custom_metadata_map
        self.multiple, self.halo = int(facts["burnish.multiple"]), int(facts["burnish.halo"])
        self.tile, self.seconds = tile, 0.0
        self.name = f"ONNX Runtime, {pathlib.Path(path).name}"

    def __call__(self, files):
        started = time.process_time()
        restored = {name: self._restore(decode(data)) for name, data in files.items()}
        self.seconds += time.process_time() - started
        return restored

    def _restore(self, image):
        height, width = image.shape[:2]
        image = np.pad(image, ((0, -height % self.multiple), (0, -width % self.multiple), (0, 0)), mode="symmetric")
        x = np.ascontiguousarray(image.transpose(2, 0, 1))[None].astype(np.float32) / 255
        y = self._tiled(x) if self.tile else self._run(x)
        y = np.clip(np.rint(y[0].transpose(1, 2, 0) * 255), 0, 255).astype(np.uint8)
        return y[:height, :width]

    def _run(self, x):
        return self.session.run(None, {"x": x})[0]

    def _tiled(self, x):
        """Windows on the grid of `multiple`; of each, all but the halo counts, unless it ends the image."""
        y, halo, core = np.empty_like(x), self.halo, self.tile - 2 * self.halo
        height, width = x.shape[2:]
        for top in range(0, height, core):
            for left in range(0, width, core):
                rows = _window(top, core, halo, height, self.multiple)
                columns = _window(left, core, halo, width, self.multiple)
                part = self._run(np.ascontiguousarray(x[:, :, rows[0] : rows[1], columns[0] : columns[1]]))
                bottom, right = min(top + core, height), min(left + core, width)
                y[:, :, top:bottom, left:right] = part[
                    :, :, top - rows[0] : bottom - rows[0], left - columns[0] : right - columns[0]
                ]
        return y


def _window(start, core, halo, length, multiple):
    """First and last + 1 px of the window around a core, on the network's grid and inside the image."""
    first = max(start - halo, 0) // multiple * multiple
    last = -(-min(start + core + halo, length) // multiple) * multiple
    return first, min(last, length)


def _children():
    """CPU seconds of all ended child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Burnish:
    """The binary: `burnish apply` with one promptcir step and a lossless output."""

    def __init__(self, binary, model="lite"):
        self.binary = pathlib.Path(binary).resolve()
        if not self.binary.is_file():
            raise FileNotFoundError(f"{binary}: no such program; build it with: make build")
        self.name, self.seconds = f"{self.binary.name}, model {model}", 0.0
        self.config = (
            "version: 1\npipelines:\n  score:\n    steps:\n"
            f"      - promptcir: {{model: {model}, skip: never}}\n"
            '    outputs:\n      - path: "{stem}.png"\n'
        )

    def __call__(self, files):
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            (scratch / "in").mkdir()
            for name, data in files.items():
                suffix = Image.open(io.BytesIO(data)).format.lower()
                (scratch / "in" / f"{name}.{suffix}").write_bytes(data)
            (scratch / "score.yaml").write_text(self.config, encoding="utf-8")
            command = [self.binary, "apply", "-c", scratch / "score.yaml", "-o", scratch / "out", scratch / "in"]
            started = _children()
            done = subprocess.run(command, capture_output=True, text=True)
            self.seconds += _children() - started
            if done.returncode:
                raise ValueError(
                    f"{self.binary.name} apply ended with status {done.returncode}:\n{done.stderr or done.stdout}"
                )
            return {name: decode(self._result(scratch / "out", name, done)) for name in files}

    def _result(self, folder, name, done):
        path = folder / (name + ".png")
        if not path.is_file():
            raise ValueError(f"{self.binary.name} wrote no {path.name}:\n{done.stdout}{done.stderr}")
        return path.read_bytes()
