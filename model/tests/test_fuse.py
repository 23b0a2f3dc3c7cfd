"""Blocks and the known answer: what the daemon needs to compute blocks in one piece, and to prove it."""

import base64
import collections
import copy
import dataclasses
import json

import numpy as np
import pytest
import torch

from model import checkpoint, export, fuse, known
from model.net import Config, PromptCIR

onnx = pytest.importorskip("onnx", reason="needs model/requirements.txt")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs model/requirements.txt")

TINY = dataclasses.replace(Config.lite(), blocks=(2, 1, 1, 1))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("fuse")
    source, out = folder / "tiny.pth", folder / "tiny.onnx"
    net = PromptCIR(TINY)
    net.output.weight.data *= 0.1  # as small a residual as a trained network's
    checkpoint.save(source, {"config": checkpoint.config_dict(TINY), "ema": net.state_dict()})
    assert export.main(["--checkpoint", str(source), "--out", str(out), "--weights", "single"]) == 0
    return onnx.load(str(out)), onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])


def test_blocks_are_all_there_and_name_what_exists(exported):
    model, session = exported
    facts = session.get_modelmeta().custom_metadata_map
    blocks = json.loads(facts["burnish.blocks"])
    # Encoder and decoder of levels 1 and 2; levels 3, 3 and 4, and refinement; an interaction at each of three
    # levels; the ways down, and up, the last with the result.
    count = collections.Counter(block["op"] for block in blocks)
    assert count == {"Group": 4, "Transformer": 4, "Interaction": 3, "Down": 3, "Up": 4}
    made = {name for node in model.graph.node for name in node.output}
    constants = {tensor.name for tensor in model.graph.initializer}
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    for block in blocks:
        assert block["in"] in made and block["out"] in made
        assert set(block["weights"]) <= constants | made
    interaction = next(block for block in blocks if block["op"] == "Interaction")
    assert len(interaction["weights"]) == 8 + 2 + 11 + 1
    first = next(block for block in blocks if block["op"] == "Group")
    assert len(first["weights"]) == 2 * 23 + 15 + 2
    assert shapes[first["weights"][2]] == (TINY.dim, 3 * TINY.dim)  # linear layers: in x out
    assert shapes[first["weights"][7]] == (TINY.dim // TINY.compress, TINY.dim, 3, 3)


def test_prompts_of_other_widths_leave_their_transformer_block(exported):
    model = copy.deepcopy(exported[0])
    bias = next(block for block in fuse.blocks(model) if block["op"] == "Interaction")["weights"][5]
    for tensor in model.graph.initializer:
        if tensor.name == bias:
            tensor.dims[0] = 12  # bases, which the kernels take in sixteens
    count = collections.Counter(block["op"] for block in fuse.blocks(model))
    assert count == {"Group": 4, "Transformer": 5, "Interaction": 2, "Down": 3, "Up": 4}


def test_known_answer_is_the_graphs(exported):
    _, session = exported
    facts = session.get_modelmeta().custom_metadata_map
    answer = np.frombuffer(base64.b64decode(facts["burnish.known"]), "<u2") / 32767.5 - 0.5
    x = known.known_input(64)
    y = session.run(None, {"x": x})[0]
    assert np.abs(answer.reshape(y.shape) - y).max() < 5e-5
    assert np.abs(y - x).max() > 1e-3  # it does something
    assert x.min() > 0.1 and x.max() < 1 and x.shape == (1, 3, 64, 64)


def test_an_answer_out_of_range_is_not_noted():
    assert known.encode(np.array([-0.5, 0.2, 1.5])) and known.encode(np.array([0.2, 1.6])) is None


def test_a_file_that_does_not_run_has_no_known_answer(tmp_path, capsys):
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    assert known.measure(tmp_path / "broken.onnx", 32) is None
    assert "broken.onnx" in capsys.readouterr().err


def test_work_is_counted(exported):
    _, session = exported
    macs = float(session.get_modelmeta().custom_metadata_map["burnish.macs"])
    assert 30_000 < macs < 70_000
