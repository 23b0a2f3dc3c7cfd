"""Training data: clean photos in memory, damaged afresh for every patch.

A data folder holds images and `manifest.tsv` with at least the columns `file`
(relative to the manifest's folder, or to its parent), `source` and `licence`.
Images are decoded once to H x W x 3 uint8 RGB and shared with the workers.
What happens to them is in damage.py.
"""

import csv
import pathlib

import numpy as np
import torch
from PIL import Image

from .damage import SPARE, Damage

EXTENSIONS = (".png", ".webp", ".bmp", ".tif", ".tiff")  # lossless, or taken as clean


def load_image(path):
    """H x W x 3 uint8 RGB; OSError or ValueError naming the file where it cannot be read."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError) as error:
        raise type(error)(f"{path}: cannot be read as an image: {error}") from error


def licence_matches(licence, patterns):
    """Whether `licence` starts with one of `patterns`, case apart; no patterns: any does."""
    return not patterns or any(licence.lower().startswith(p.strip().lower()) for p in patterns)


def read_manifest(folder, licences=()):
    """Rows of `folder`/manifest.tsv as dicts with `path` added, filtered by licence prefix.

    Raises FileNotFoundError without a manifest, ValueError where nothing is left.
    """
    folder = pathlib.Path(folder)
    manifest = folder / "manifest.tsv"
    if not manifest.is_file():
        raise FileNotFoundError(
            f"{manifest}: no manifest; --data needs a folder with one (columns file, source, licence)"
        )
    with open(manifest, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    kept = []
    for number, row in enumerate(rows, start=2):
        if not row.get("file") or not row.get("licence"):
            raise ValueError(f"{manifest}:{number}: needs the columns file and licence")
        if licence_matches(row["licence"], licences):
            inside = folder / row["file"]
            kept.append({**row, "path": inside if inside.exists() else folder.parent / row["file"]})
    if not kept:
        known = ", ".join(sorted({row["licence"] for row in rows}))
        raise ValueError(f"{manifest}: no image under the licences {', '.join(licences)}; it has: {known}")
    return kept


def load_folder(folder):
    """Every clean image of a folder without manifest, by name: {stem: H x W x 3 uint8}."""
    paths = [p for p in sorted(pathlib.Path(folder).iterdir()) if p.suffix.lower() in EXTENSIONS]
    if not paths:
        raise ValueError(f"{folder}: no image ({', '.join(EXTENSIONS)})")
    return {p.stem: load_image(p) for p in paths}


class Patches(torch.utils.data.Dataset):
    """Item i is (damaged, clean), each 3 x patch x patch float32 in [0, 1].

    Item i depends on `seed` and i alone, not on workers or order, so that a
    resumed run sees what an uninterrupted one would have seen.
    """

    def __init__(self, images, patch, length, damage=Damage(), seed=0, first=0):
        """images: list of H x W x 3 uint8, all at least patch + SPARE px a side; items first..first+length."""
        small = [i for i, image in enumerate(images) if min(image.shape[:2]) < patch + SPARE]
        if small:
            raise ValueError(f"patch: {patch} px needs images of {patch + SPARE} px or more; {len(small)} are smaller")
        self.images, self.patch, self.length = images, patch, length
        self.damage, self.seed, self.first = damage, seed, first
        area = np.array([image.shape[0] * image.shape[1] for image in images], dtype=np.float64)
        self.cumulative = np.cumsum(np.sqrt(area)) / np.sqrt(area).sum()

    def __len__(self):
        return self.length

    def __getitem__(self, item):
        rng = np.random.default_rng((self.seed, self.first + item))
        image = self.images[min(int(np.searchsorted(self.cumulative, rng.random())), len(self.images) - 1)]
        fate = self.damage.draw(rng, self.patch, min(image.shape[:2]))
        size = fate.side(self.patch)
        top, left = (int(rng.integers(0, side - size + 1)) for side in image.shape[:2])
        clean = image[top : top + size, left : left + size]
        clean = np.ascontiguousarray(np.rot90(clean, int(rng.integers(4)))[:, :: 1 if rng.random() < 0.5 else -1])
        damaged, clean = self.damage.apply(clean, self.patch, fate, rng)
        return _to_tensor(damaged), _to_tensor(clean)


def _to_tensor(image):
    return torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32) / np.float32(255))
