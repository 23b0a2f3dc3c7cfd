"""Data: the licence filter, damage as configured, items independent of order."""

import io

import numpy as np
import pytest
from PIL import Image

from model import damage, data, graphics
from model.damage import SPARE, Damage, Fate
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
    draws = [Damage(stage=stage).quality(rng) for _ in range(4000)]
    low = [q for q in draws if q <= 70]
    assert set(low) == (set(range(10, 71, 10)) if stage == 1 else set(range(10, 71)))
    assert 0.1 < 1 - len(low) / len(draws) < 0.3 and max(draws) <= 100


def test_fates_fit_the_image():
    rng, damage = np.random.default_rng(0), Damage()
    fates = [damage.draw(rng, 128, 128 + SPARE) for _ in range(500)] + [damage.draw(rng, 256, 512) for _ in range(500)]
    assert all(fate.side(128) <= 128 + SPARE for fate in fates[:500])
    assert all(fate.side(256) <= 512 for fate in fates[500:])
    assert {fate.kind for fate in fates} == {"clean", "once", "chain"}
    assert min(fate.between for fate in fates) < 0.8 and max(fate.after for fate in fates) > 1.2


@pytest.mark.parametrize("factor", [0.4, 0.71, 1.0, 1.3, 2.0])
@pytest.mark.parametrize("between", [True, False])
def test_chains_keep_both_pictures_in_register(factor, between):
    """A smooth picture survives any chain: a slip of one pixel would show."""
    smooth = np.asarray(Image.fromarray(np.mgrid[0:16, 0:16].sum(0).astype(np.uint8) * 8).resize((640, 640), 3))
    smooth = np.ascontiguousarray(np.repeat(smooth[:, :, None], 3, axis=2))
    damage, rng = Damage(gray=0, noise=0), np.random.default_rng(2)
    fate = Fate("chain", 1.0, factor if between else 1.0, 1.0 if between else factor)
    for _ in range(10):
        damaged, clean = damage.apply(smooth[: fate.side(64), : fate.side(64)], 64, fate, rng)
        assert damaged.shape == clean.shape == (64, 64, 3)
        assert np.abs(damaged.astype(int) - clean).mean() < 6


def test_gray_stays_gray():
    damage = Damage(gray=1, clean=0)
    rng = np.random.default_rng(0)
    for kind in ("once", "chain"):
        fate = Fate(kind, 1.0, 1.0, 1.0)
        for image in damage.apply(images()[0][: fate.side(48), : fate.side(48)], 48, fate, rng):
            assert (image == image[:, :, :1]).all()


def test_some_gray_photos_are_clean():
    damage, rng, fate = Damage(gray=1, clean=0, noise=0), np.random.default_rng(0), Fate("once", 1.0, 1.0, 1.0)
    pairs = [damage.apply(images()[0][: fate.side(48), : fate.side(48)], 48, fate, rng) for _ in range(100)]
    assert 25 < sum((damaged == clean).all() for damaged, clean in pairs) < 60


def test_camera_tables_pass_through_the_jpeg():
    tables = damage.camera_tables(75, 0.6)
    buffer = io.BytesIO()
    Image.fromarray(images()[0]).save(buffer, "JPEG", qtables=tables)
    assert [list(table) for table in Image.open(buffer).quantization.values()] == tables
    assert damage.camera_tables(50, 1.0)[0][:8] == [16, 11, 10, 16, 24, 40, 51, 61]


def test_pages_are_the_same_again():
    first, second = graphics.pages(2, 96), graphics.pages(2, 96)
    assert all((a == b).all() for a, b in zip(first, second)) and not (first[0] == first[1]).all()
    assert first[0].shape == (96, 96, 3) and len(np.unique(first[0].reshape(-1, 3), axis=0)) > 4


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
    untouched = Damage(clean=1.0, noise=0)
    damaged, clean = data.Patches(images(), 64, 1, untouched)[0]
    assert damaged.equal(clean) and clean.shape == (3, 64, 64)
    always = Damage(clean=0, gray_clean=0, chain=0.5, fine=1, noise=0)
    for damaged, clean in (data.Patches(images(), 64, 20, always)[i] for i in range(20)):
        assert 0 < float((damaged - clean).abs().mean()) < 0.1


def test_every_patch_has_its_size():
    often = Damage(gray=0.9, chain=0.6)
    large = [np.tile(images()[0], (4, 4, 1))]
    for i in range(60):
        damaged, clean = data.Patches(large, 64, 60, often)[i]
        assert damaged.shape == clean.shape == (3, 64, 64)


def test_too_small_images_are_refused():
    with pytest.raises(ValueError, match="patch: 96"):
        data.Patches(images(), 96, 1)
