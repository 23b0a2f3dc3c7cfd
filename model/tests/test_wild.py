"""The wild table: conditions keep file and reference in register, rows count what they say."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from model import engines, wild


def picture(height=120, width=136):
    waves = np.sin(np.mgrid[0:height, 0:width].sum(0) / 9.0) * 60 + 128
    return np.stack([waves, waves * 0.8, 255 - waves], axis=2).astype(np.uint8)


class Untouched:
    """An engine that gives back what it was given."""

    name = "untouched"

    def __call__(self, files):
        return {name: engines.decode(data) for name, data in files.items()}


@pytest.mark.parametrize("name", wild.CONDITIONS)
def test_file_and_reference_agree(name):
    Image.init()
    if "AVIF" in name and "AVIF" not in Image.SAVE:
        pytest.skip("this Pillow writes no AVIF")
    data, reference = wild.CONDITIONS[name](picture())
    damaged = engines.decode(data)
    assert damaged.shape == reference.shape
    error = np.abs(damaged.astype(int) - reference).mean()
    assert 0 < error < 12


def test_rows_tell_gains_from_losses():
    clean = {"a": picture(), "b": picture(128, 120)}
    row = wild.measure(Untouched(), clean, wild.once(30))
    assert row.before == row.after and row.least == 0 and row.worse == 0 and row.images == 2 and row.colour is None

    class Worse(Untouched):
        def __call__(self, files):
            restored = super().__call__(files)
            return {name: np.clip(image.astype(int) + 9, 0, 255).astype(np.uint8) for name, image in restored.items()}

    row = wild.measure(Worse(), clean, wild.gray(90), perceptual=lambda reference, image: 50.0)
    assert row.after < row.before and row.least < -1 and row.worse == 2
    assert row.colour == 0 and row.ssimulacra2 == (50.0, 50.0)
    kept = wild.rows_of({"rows": {"gray QF 90": dataclasses.asdict(row)}})
    text = wild.table(kept)
    assert "2 of 2" in text and "50.0 to 50.0" in text and "colour added: 0.00" in text
