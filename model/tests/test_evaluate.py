"""Evaluation: known scores of a known picture, and the protocol's parts."""

import sys

import numpy as np
import pytest

from model import damage, data, engines, evaluate
from model.score import blocking_effect, psnr, psnr_b, ssim
from model.train import SMALL

from .reference import SHARED


class Same:
    """An engine that restores nothing."""

    name, seconds = "same", 1.0

    def __call__(self, files):
        return {name: engines.decode(file) for name, file in files.items()}


@pytest.fixture(scope="module")
def picture():
    return data.load_image(SMALL / "df8baea766.webp")


def test_known_scores(picture):
    jpeg = damage.compress(picture, 10)
    assert psnr(picture, jpeg) == pytest.approx(30.443, abs=0.02)
    assert ssim(picture, jpeg) == pytest.approx(0.7598, abs=0.001)
    assert psnr_b(picture, jpeg) == pytest.approx(29.126, abs=0.02)


def test_scores_of_equal_images(picture):
    assert psnr(picture, picture) == np.inf and ssim(picture, picture) == pytest.approx(1)


def test_psnr_of_a_known_error():
    black = np.zeros((16, 16, 3), np.uint8)
    assert psnr(black, black + 1) == pytest.approx(48.1308, abs=1e-4)
    with pytest.raises(ValueError, match="differ in size"):
        psnr(black, black[1:])


def test_blocking_effect_sees_the_grid_alone():
    flat = np.full((32, 32, 3), 100, np.uint8)
    grid = flat.copy()
    grid[:, 8:16] += 20
    off = flat.copy()
    off[:, 5:12] += 20
    assert blocking_effect(flat) == blocking_effect(off) == 0 and blocking_effect(grid) > 0


def test_jpeg_rows_of_the_paper():
    folder = SHARED / "data" / "live1"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/live1")
    pairs = [(clean, damage.compress(clean, 10)) for clean in evaluate.originals(folder).values()]
    assert round(float(np.mean([psnr(*pair) for pair in pairs])), 2) == 25.69
    assert round(float(np.mean([psnr_b(*pair) for pair in pairs])), 2) == 24.20
    assert round(float(np.mean([ssim(*pair) for pair in pairs[:6]])), 3) == 0.740


def test_all_rows(picture):
    result = evaluate.evaluate({"a": picture, "b": picture[:96]}, Same(), qualities=(20,))
    assert result["fixed"]["20"]["jpeg"] == result["fixed"]["20"]["restored"]
    assert result["lossless"]["least"] == np.inf
    text = evaluate.report(result)
    assert "+0.00 dB" in text and "10..70" in text


def test_blind_qualities_are_published_ones():
    draws = evaluate.blind_qualities(["c", "a", "b"])
    assert draws == evaluate.blind_qualities(["b", "c", "a"]) and list(draws.values()) == [65, 15, 28]


def test_binary_is_called_as_documented(picture, tmp_path):
    """A stand-in for the binary writes PNGs of what it is given."""
    program = tmp_path / "burnish"
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\nfrom PIL import Image\n"
        "apply, c, config, o, out, folder = sys.argv[1:]\n"
        "assert (apply, c, o) == ('apply', '-c', '-o') and 'model: lite' in open(config).read()\n"
        "out = pathlib.Path(out)\nout.mkdir()\n"
        "for path in pathlib.Path(folder).iterdir():\n    Image.open(path).save(out / (path.stem + '.png'))\n"
    )
    program.chmod(0o755)
    result = evaluate.evaluate({"a": picture}, engines.Burnish(program), qualities=(40,))
    assert result["fixed"]["40"]["jpeg"] == result["fixed"]["40"]["restored"]


def test_binary_that_fails_is_quoted(picture, tmp_path, capsys):
    program = tmp_path / "burnish"
    program.write_text("#!/bin/sh\necho 'no such model' >&2\nexit 3\n")
    program.chmod(0o755)
    assert evaluate.main(["--burnish", str(program), "--limit", "1"]) == 1
    assert "no such model" in capsys.readouterr().err
    assert evaluate.main(["--burnish", str(tmp_path / "none")]) == 1
    assert "make build" in capsys.readouterr().err


def test_tiles_equal_the_whole_away_from_borders(picture):
    """The window planning alone: an identity in place of the network."""
    engine = object.__new__(engines.Onnx)
    engine.multiple, engine.halo, engine.tile = 32, 16, 96
    engine._run = lambda x: x
    assert np.array_equal(engine._restore(picture[:150, :130]), picture[:150, :130])
