"""Export: ONNX Runtime computes what PyTorch does, at any size; metadata as the daemon reads it."""

import dataclasses
import re

import numpy as np
import pytest
import torch

from model import checkpoint, export
from model.net import Config, PromptCIR

onnx = pytest.importorskip("onnx", reason="needs model/requirements.txt")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs model/requirements.txt")

TINY = dataclasses.replace(Config.lite(), blocks=(2, 1, 1, 1), ffn_multiple=1)
FACTS = ("--name", "tiny", "--tile", "128", "--halo", "16")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    torch.manual_seed(0)
    net = PromptCIR(TINY).eval()
    path = tmp_path_factory.mktemp("export") / "tiny.pth"
    checkpoint.save(path, {"config": checkpoint.config_dict(TINY), "ema": net.state_dict()})
    return path


@pytest.fixture(scope="module")
def exported(saved):
    """Exports once for each set of options: (session, network, file)."""
    made = {}

    def get(*options):
        if options not in made:
            out = saved.with_name(f"{len(made)}.onnx")
            assert export.main(["--checkpoint", str(saved), "--out", str(out), *FACTS, *options]) == 0
            session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
            made[options] = session, checkpoint.load_network(saved), out
        return made[options]

    return get


def worst(session, net, shape):
    """Largest difference, relative to the residual's spread."""
    x = np.random.default_rng(0).random(shape, dtype=np.float32)
    y = session.run(["y"], {"x": x})[0]
    with torch.no_grad():
        expected = net(torch.from_numpy(x)).numpy()
    assert y.shape == expected.shape and y.dtype == np.float32
    return float(np.abs(y - expected).max() / (expected - x).std())


@pytest.mark.parametrize("weights, tolerance", [("single", 1e-4), ("half", 2e-2)])
def test_parity_at_several_sizes_and_batches(exported, weights, tolerance):
    session, net, _ = exported("--weights", weights)
    for shape in ((1, 3, 32, 32), (1, 3, 64, 96), (2, 3, 32, 64), (3, 3, 96, 32)):
        assert worst(session, net, shape) < tolerance, shape


@pytest.mark.skipif(not hasattr(torch, "compile"), reason="half precision on CPUs needs PyTorch 2")
def test_half_precision_form(exported):
    session, net, _ = exported("--half")
    assert worst(session, net, (2, 3, 64, 32)) < 0.1


def test_metadata_and_hash(exported):
    session, _, path = exported("--weights", "half")
    facts = session.get_modelmeta().custom_metadata_map
    expected = {
        "contract": "1", "name": "tiny", "multiple": "32", "tile": "128", "halo": "16",
        "range": "0,1", "colour": "sRGB", "qf": "10,70", "licence": "CC-BY-SA-4.0",
    }  # fmt: skip
    assert {key: facts["burnish." + key] for key in expected} == expected
    assert int(facts["burnish.parameters"]) == sum(p.numel() for p in PromptCIR(TINY).parameters())
    assert re.fullmatch(r"\d+\.\d+\.\d+", facts["burnish.version"]) and "PromptCIR" in facts["burnish.credits"]
    model = onnx.load(str(path))
    assert facts["burnish.weights"] == export.weights_hash(model) and re.fullmatch(
        "[0-9a-f]{64}", facts["burnish.weights"]
    )
    model.graph.initializer[0].CopyFrom(
        onnx.numpy_helper.from_array(np.zeros(3, np.float32), model.graph.initializer[0].name)
    )
    assert facts["burnish.weights"] != export.weights_hash(model)


def test_widening_keeps_the_function():
    torch.manual_seed(0)
    net = PromptCIR(TINY).eval()
    wide = export.widen(net)
    assert any(m.out_channels % 16 == 0 for m in wide.modules() if isinstance(m, torch.nn.Conv2d))
    x = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.allclose(net(x), wide(x), atol=1e-5)


def test_tile_must_fit(saved, capsys):
    assert export.main(["--checkpoint", str(saved), "--out", str(saved.with_suffix(".x")), "--tile", "100"]) == 1
    assert "tile: 100" in capsys.readouterr().err
