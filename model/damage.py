"""Damage as photographs suffer it: saves, chains of saves with scaling between, other encoders.

`Damage.apply` takes a clean crop and gives back (damaged, clean): what is done
to the geometry (scaling, cutting) is done to both, what loses information to
`damaged` alone. Images are H x W x 3 uint8 RGB.

Three kinds of patches, drawn by their shares:

- saved once, the paper's case (PromptCIR, section 4.1): QF in 10..70, stage 1
  from {10, 20, ..., 70}, and a smaller share of 71..100;
- clean, so that good photos are left alone;
- chains, as pictures that are passed on: one to three saves of random quality,
  each on a grid of its own, with scaling before, between and after.
"""

import dataclasses
import io

import numpy as np
from PIL import Image

SAMPLING_444, SAMPLING_422, SAMPLING_420 = 0, 1, 2  # Pillow's `subsampling`
MARGIN = 8  # px beyond the patch, so that a JPEG's padded right and bottom edges stay out
SPARE = 24  # px beyond the patch that an image must have, for a chain without scaling
_SHIFT = 7  # px at most by which a cut moves the grid of 8 px; a chain has two cuts at most
_KERNELS = (Image.BOX, Image.BILINEAR, Image.HAMMING, Image.BICUBIC, Image.LANCZOS)

# ITU-T T.81, tables K.1 and K.2, row by row.
_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
) + (99,) * 32  # fmt: skip


def compress(image, quality, sampling=SAMPLING_420, tables=None):
    """JPEG round trip by Pillow (libjpeg) of H x W x 3 uint8 RGB; `tables` stand in for those of `quality`."""
    kind = {"qtables": tables} if tables else {"quality": quality}
    return _round_trip(Image.fromarray(image), "JPEG", subsampling=sampling, **kind)


def camera_tables(quality, steepness):
    """Luma and chroma quantization tables of 64 numbers, as other encoders have them.

    The standard tables raised to `steepness` (1: as they are; below 1: flatter,
    as in cameras and mozjpeg) and scaled to the same mean before `quality` acts.
    """
    scale = 50 / quality if quality < 50 else 2 - quality / 50
    tables = []
    for table in (_LUMA, _CHROMA):
        standard = np.array(table, dtype=np.float64)
        bent = standard**steepness
        bent *= standard.mean() / bent.mean()
        tables.append([int(v) for v in np.clip(np.round(bent * scale), 1, 255)])
    return tables


def _round_trip(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return np.asarray(Image.open(buffer).convert("RGB"))


def scale(image, height, width, kernel):
    """Scaled to height x width px with one of Pillow's kernels."""
    return np.asarray(Image.fromarray(image).resize((width, height), kernel))


@dataclasses.dataclass(frozen=True)
class Damage:
    """Shares are probabilities in [0, 1]; ranges are inclusive."""

    stage: int = 2  # of patches saved once, 1: QF in {10, 20, ..., 70}; 2: any QF in 10..70
    clean: float = 0.06  # of all: not compressed at all
    chain: float = 0.30  # of all: saved, scaled, saved again
    fine: float = 0.06  # of all: saved once, QF 90..100
    between: float = 0.06  # of all: saved once, QF 71..89
    shifted: float = 0.10  # of those saved once: the patch does not start on the JPEG's 8-px grid
    sampling: tuple = (0.12, 0.08, 0.80)  # of those saved once: 4:4:4, 4:2:2, 4:2:0
    gray: float = 0.10  # of all: without colour, saved as gray JPEG
    gray_clean: float = 0.40  # of those that would be saved once: left clean, lest gray counts as damaged
    noise: float = 0.08  # of all: sensor noise before all else, which counts as part of the photo
    shrink: float = 0.25  # of all: the clean photo scaled to 0.5..1 first, for variety
    factors: tuple = (0.4, 2.0)  # of a chain's scaling
    other: float = 0.12  # of a chain's saves: not JPEG with standard tables

    def quality(self, rng):
        """QF of a patch that is saved once."""
        draw = rng.random() * (1 - self.clean - self.chain)
        if draw < self.fine:
            return int(rng.integers(90, 101))
        if draw < self.fine + self.between:
            return int(rng.integers(71, 90))
        return int(rng.integers(1, 8)) * 10 if self.stage == 1 else int(rng.integers(10, 71))

    def draw(self, rng, patch, shortest):
        """What befalls one patch, as a Fate that an image of `shortest` px a side (patch + SPARE or more) allows."""
        draw = rng.random()
        kind = "clean" if draw < self.clean else "chain" if draw < self.clean + self.chain else "once"
        shrink = float(rng.uniform(0.5, 1)) if rng.random() < self.shrink else 1.0
        between = after = 1.0
        if kind == "chain" and rng.random() < 0.6:
            factor = float(np.exp(rng.uniform(*np.log(self.factors))))  # halved as often as doubled
            between, after = (factor, 1.0) if rng.random() < 0.7 else (1.0, factor)
        fates = (Fate(kind, shrink, between, after), Fate(kind, 1.0, between, after), Fate(kind, 1.0, 1.0, 1.0))
        return next(fate for fate in fates if fate.side(patch) <= shortest or fate is fates[2])

    def apply(self, crop, patch, fate, rng):
        """(damaged, clean), patch x patch px each, of a crop of fate.side(patch) px."""
        clean = crop
        if fate.shrink != 1:
            side = round(crop.shape[0] * fate.shrink)
            clean = scale(crop, side, side, _pick(_KERNELS, rng))
        gray = rng.random() < self.gray
        if gray:
            clean = np.repeat(np.asarray(Image.fromarray(clean).convert("L"))[:, :, None], 3, axis=2)
        if rng.random() < self.noise:
            clean = _noisy(clean, rng, gray)
        if fate.kind == "clean" or fate.kind == "once" and gray and rng.random() < self.gray_clean:
            return clean[:patch, :patch], clean[:patch, :patch]
        if fate.kind == "chain":
            return self._chain(clean, patch, fate, rng, gray)
        quality, sampling = self.quality(rng), int(rng.choice(3, p=self.sampling))
        damaged = _gray_jpeg(clean, quality) if gray else compress(clean, quality, sampling)
        top = left = 0
        if rng.random() < self.shifted:
            top, left = (int(rng.integers(0, side - patch + 1)) for side in clean.shape[:2])
        inner = slice(top, top + patch), slice(left, left + patch)
        return damaged[inner], clean[inner]

    def _chain(self, clean, patch, fate, rng, gray):
        """One to three saves. All but the last are bad to middling, the last is what a site or messenger writes."""
        damaged, saves = clean, int(rng.choice((1, 2, 3), p=(0.15, 0.65, 0.2)))
        for turn in range(saves):
            last = turn == saves - 1
            low, high = (60, 96) if last and saves > 1 and rng.random() < 0.75 else (15, 86)
            damaged = self._save(damaged, int(rng.integers(low, high)), rng, gray)
            if turn == 0 and fate.between != 1:
                damaged, clean = _both(damaged, clean, fate.between, rng)
            if not last and rng.random() < 0.6:
                top, left = (int(v) for v in rng.integers(0, _SHIFT + 1, 2))
                damaged, clean = (np.ascontiguousarray(image[top:, left:]) for image in (damaged, clean))
        if fate.after != 1:
            damaged, clean = _both(damaged, clean, fate.after, rng)
        top, left = (int(rng.integers(0, side - patch - MARGIN + 1)) for side in clean.shape[:2])
        inner = slice(top, top + patch), slice(left, left + patch)
        return damaged[inner], clean[inner]

    def _save(self, image, quality, rng, gray):
        if gray:
            return _gray_jpeg(image, quality)
        sampling = int(rng.choice(3, p=self.sampling))
        draw = rng.random()
        if draw < self.other / 4 and min(image.shape[:2]) >= 16:
            return _round_trip(Image.fromarray(image), "WEBP", quality=quality, method=2)
        if draw < self.other:
            return compress(image, quality, sampling, camera_tables(quality, rng.uniform(0.4, 1.1)))
        return compress(image, quality, sampling)


@dataclasses.dataclass(frozen=True)
class Fate:
    """What a patch goes through, drawn before the crop because it decides how large that is."""

    kind: str  # "clean", "once" or "chain"
    shrink: float  # of the clean photo
    between: float  # factor of scaling after the first save
    after: float  # factor of scaling after the last save

    def side(self, patch):
        """Side in px of the crop that leaves `patch` px and its margin after all scaling."""
        wanted = patch + MARGIN
        if self.kind == "chain":
            wanted = int(np.ceil((wanted + 2 * _SHIFT * max(1, self.after)) / (self.between * self.after))) + 1
        return int(np.ceil(wanted / self.shrink))


def _both(damaged, clean, factor, rng):
    height, width = (round(side * factor) for side in clean.shape[:2])
    kernel = _pick(_KERNELS, rng)
    return scale(damaged, height, width, kernel), scale(clean, height, width, kernel)


def _gray_jpeg(image, quality):
    return _round_trip(Image.fromarray(np.ascontiguousarray(image[:, :, 0])), "JPEG", quality=quality)


def _noisy(image, rng, gray):
    """Gaussian noise of 0.5 to 4 grey levels; half of the patches share it among neighbours, as demosaicing does."""
    noise = rng.normal(0, rng.uniform(0.5, 4), image.shape[:2] + (1 if gray else 3,))
    if rng.random() < 0.5:
        noise = (noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1) + np.roll(noise, 1, (0, 1))) / 2
    return np.clip(np.round(image + noise), 0, 255).astype(np.uint8)


def _pick(choices, rng):
    return choices[int(rng.integers(len(choices)))]
