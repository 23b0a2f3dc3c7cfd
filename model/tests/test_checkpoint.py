"""Checkpoints: every form in which weights come, and clear words where they do not fit."""

import dataclasses

import pytest
import torch

from model import checkpoint
from model.net import Config, PromptCIR

TINY = dataclasses.replace(Config.lite(), blocks=(1, 1, 1, 1))


@pytest.mark.parametrize("wrap", [None, "params", "params_ema", "state_dict"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_published_forms(tmp_path, wrap, prefix):
    net = PromptCIR(TINY)
    state = {prefix + key: value for key, value in net.state_dict().items()}
    torch.save({wrap: state, "iteration": 1} if wrap else state, tmp_path / "theirs.pth")
    loaded = checkpoint.load_network(tmp_path / "theirs.pth", TINY)
    for key, value in net.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[key])


def test_configuration_is_recognised_by_shapes(tmp_path):
    torch.save(PromptCIR(Config.lite()).state_dict(), tmp_path / "a.pth")
    assert checkpoint.load_network(tmp_path / "a.pth").config == Config.lite()


def test_configuration_is_stored(tmp_path):
    content = {"config": checkpoint.config_dict(TINY), "ema": PromptCIR(TINY).state_dict()}
    checkpoint.save(tmp_path / "a.pth", content)
    assert checkpoint.load_network(tmp_path / "a.pth").config == TINY


def test_misfits_are_named(tmp_path):
    torch.save(PromptCIR(TINY).state_dict(), tmp_path / "a.pth")
    with pytest.raises(ValueError, match="a.pth: does not fit.*encoder_level1"):
        checkpoint.load_network(tmp_path / "a.pth", Config.lite())
    with pytest.raises(ValueError, match="--config"):
        checkpoint.load_network(tmp_path / "a.pth")
    with pytest.raises(FileNotFoundError, match="b.pth"):
        checkpoint.load(tmp_path / "b.pth")
    (tmp_path / "c.pth").write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match="c.pth"):
        checkpoint.load(tmp_path / "c.pth")
