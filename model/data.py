"""Training data: clean photos in memory, damaged afresh for every patch.

A data folder holds images and `manifest.tsv` with at least the columns `file`
(relative to the manifest's folder, or to its parent), `source` and `licence`.
Images are decoded once to H x W x 3 uint8 RGB and shared with the workers.

Damage follows the paper (section 4.1): JPEG with QF in 10..70, stage 1 from
{10, 20, ..., 70}, stage 2 any integer. Beyond the paper there are other chroma
samplings, double compression and patches of very high quality or none, so that
good photos are left alone.
"""

import csv
import dataclasses
import io
import pathlib

import numpy as np
import torch
from PIL import Image

EXTENSIONS = (".png", ".webp", ".bmp", ".tif", ".tiff")  # lossless, or taken as clean
_SAMPLING_444, _SAMPLING_422, _SAMPLING_420 = 0, 1, 2  # Pillow's `subsampling`


@dataclasses.dataclass(frozen=True)
class Damage:
    """How patches are compressed; shares are probabilities in [0, 1]."""

    stage: int = 2  # 1: QF in {10, 20, ..., 70}; 2: any QF in 10..70
    clean: float = 0.03  # not compressed at all
    fine: float = 0.06  # QF 90..100
    between: float = 0.03  # QF 71..89
    double: float = 0.15  # of the compressed: compressed once before, half of them on a shifted 8-px grid
    shifted: float = 0.10  # of the compressed: the patch does not start on the JPEG's 8-px grid
    sampling: tuple = (0.12, 0.08, 0.80)  # 4:4:4, 4:2:2, 4:2:0

    def quality(self, rng):
        """QF of a patch, or None for a clean one."""
        draw = rng.random()
        for share, low, high in ((self.clean, 0, 0), (self.fine, 90, 100), (self.between, 71, 89)):
            if draw < share:
                return int(rng.integers(low, high + 1)) if high else None
            draw -= share
        return int(rng.integers(1, 8)) * 10 if self.stage == 1 else int(rng.integers(10, 71))


def compress(image, quality, sampling=_SAMPLING_420):
    """JPEG round trip by Pillow (libjpeg) of H x W x 3 uint8 RGB."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling=sampling)
    return np.asarray(Image.open(buffer).convert("RGB"))


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
        """images: list of H x W x 3 uint8, all at least patch + 8 px a side; items first..first+length."""
        small = [i for i, image in enumerate(images) if min(image.shape[:2]) < patch + 8]
        if small:
            raise ValueError(f"patch: {patch} px needs images of {patch + 8} px or more; {len(small)} are smaller")
        self.images, self.patch, self.length = images, patch, length
        self.damage, self.seed, self.first = damage, seed, first
        area = np.array([image.shape[0] * image.shape[1] for image in images], dtype=np.float64)
        self.cumulative = np.cumsum(np.sqrt(area)) / np.sqrt(area).sum()

    def __len__(self):
        return self.length

    def __getitem__(self, item):
        rng = np.random.default_rng((self.seed, self.first + item))
        image = self.images[min(int(np.searchsorted(self.cumulative, rng.random())), len(self.images) - 1)]
        size = self.patch + 8
        top, left = (int(rng.integers(0, side - size + 1)) for side in image.shape[:2])
        clean = image[top : top + size, left : left + size]
        clean = np.ascontiguousarray(np.rot90(clean, int(rng.integers(4)))[:, :: 1 if rng.random() < 0.5 else -1])
        damaged, clean = self._damage(clean, rng)
        return _to_tensor(damaged), _to_tensor(clean)

    def _damage(self, clean, rng):
        """(damaged, clean), patch x patch, cut from 8 px more so that the JPEG's right and bottom edges stay out."""
        damage, source = self.damage, clean
        quality, sampling = damage.quality(rng), int(rng.choice(3, p=damage.sampling))
        if quality is None:
            return clean[: self.patch, : self.patch], clean[: self.patch, : self.patch]
        if rng.random() < damage.double:
            source = compress(source, int(rng.integers(30, 96)), int(rng.choice(3, p=damage.sampling)))
            if rng.random() < 0.5:
                y, x = (int(v) for v in rng.integers(0, 8, 2))
                source, clean = np.ascontiguousarray(source[y:, x:]), clean[y:, x:]
        damaged, y, x = compress(source, quality, sampling), 0, 0
        if rng.random() < damage.shifted:
            y, x = (int(rng.integers(0, side - self.patch + 1)) for side in damaged.shape[:2])
        inner = slice(y, y + self.patch), slice(x, x + self.patch)
        return damaged[inner], clean[inner]


def _to_tensor(image):
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float().div_(255)
