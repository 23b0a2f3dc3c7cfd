"""Data: the licence filter, damage as configured, items independent of order."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from model import data
from model.train import SMALL

from .reference import SHARED

MANIFEST = (
    "file\tsource\tlicence\na.png\tone\tCC0-1.0\nb.png\ttwo\tCC-BY-SA-4.0\nc.png\tthree\tCC0 / Unsplash licence\n"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "manifest.tsv").write_text(MANIFEST, encoding="utf-8")
    for name in "abc":
        Image.new("RGB", (80, 80), (10, 20, 30)).save(tmp_path / f"{name}.png")
    return tmp_path


@pytest.mark.parametrize(
    "licences, expected",
    [((), "abc"), (("CC0-1.0",), "a"), (("cc0",), "ac"), (("CC0-1.0", "CC-BY-SA"), "ab")],
)
def test_licence_filter(folder, licences, expected):
    rows = data.read_manifest(folder, licences)
    assert "".join(row["path"].stem for row in rows) == expected


def test_licence_filter_that_leaves_nothing(folder):
    with pytest.raises(ValueError, match="GPL.*CC0-1.0"):
        data.read_manifest(folder, ("GPL",))


def test_missing_manifest_names_the_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="manifest.tsv"):
        data.read_manifest(tmp_path)


def test_unreadable_image_names_the_file(tmp_path):
    path = tmp_path / "broken.png"
    path.write_bytes(b"no image")
    with pytest.raises(OSError, match="broken.png"):
        data.load_image(path)


def test_small_set_is_free_and_readable():
    rows = data.read_manifest(SMALL, ("CC0-1.0",))
    assert len(rows) == len(data.read_manifest(SMALL))
    assert sum(row["path"].stat().st_size for row in rows) < 400_000
    assert all(data.load_image(row["path"]).shape == (192, 192, 3) for row in rows)


def test_shared_set_has_a_licence_for_every_tile():
    if not (SHARED / "data" / "train").is_dir():
        pytest.skip("needs ../shared/data/train")
    rows = data.read_manifest(SHARED / "data" / "train")
    assert len(rows) == 666 and all(row["path"].is_file() for row in rows)


@pytest.mark.parametrize("stage", [1, 2])
def test_qualities(stage):
    rng = np.random.default_rng(0)
    draws = [data.Damage(stage=stage).quality(rng) for _ in range(4000)]
    low = [q for q in draws if q is not None and q <= 70]
    assert set(low) == (set(range(10, 71, 10)) if stage == 1 else set(range(10, 71)))
    assert 0.02 < draws.count(None) / len(draws) < 0.06
    assert all(q <= 100 for q in draws if q is not None)


def images():
    rng = np.random.default_rng(1)
    smooth = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return [np.asarray(Image.fromarray(smooth).resize((96, 88), Image.BICUBIC))]


def test_item_depends_on_seed_and_number_alone():
    first = data.Patches(images(), 64, 10, seed=3)
    later = data.Patches(images(), 64, 10, seed=3, first=4)
    for ours, theirs in zip(first[6], later[2]):
        assert ours.equal(theirs)
    assert not first[6][0].equal(data.Patches(images(), 64, 10, seed=4)[6][0])


def test_patches_pair_up():
    plain = data.Damage(clean=1.0)
    damaged, clean = data.Patches(images(), 64, 1, plain)[0]
    assert damaged.equal(clean) and clean.shape == (3, 64, 64)
    always = dataclasses.replace(plain, clean=0, fine=1, between=0, double=1, shifted=1)
    for damaged, clean in (data.Patches(images(), 64, 20, always)[i] for i in range(20)):
        assert 0 < float((damaged - clean).abs().mean()) < 0.03


def test_too_small_images_are_refused():
    with pytest.raises(ValueError, match="patch: 96"):
        data.Patches(images(), 96, 1)
