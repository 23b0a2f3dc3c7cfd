"""Averaging: the mean of the weights, of checkpoints that fit together alone."""

import dataclasses

import pytest
import torch

from model import average, checkpoint
from model.net import Config, PromptCIR

TINY = dataclasses.replace(Config.lite(), blocks=(1, 1, 1, 1))


def save(path, net):
    checkpoint.save(path, {"config": checkpoint.config_dict(net.config), "ema": net.state_dict()})
    return str(path)


def test_mean_of_two(tmp_path):
    torch.manual_seed(0)
    nets = [PromptCIR(TINY), PromptCIR(TINY)]
    paths = [save(tmp_path / f"{i}.pth", net) for i, net in enumerate(nets)]
    out = tmp_path / "mean.pth"
    assert average.main([*paths, "--shares", "0.25", "0.75", "--out", str(out)]) == 0
    mean = checkpoint.load_network(out)
    for key, value in checkpoint.weights({"params": mean.state_dict()}).items():
        a, b = (net.state_dict()[key] for net in nets)
        assert torch.allclose(value, 0.25 * a + 0.75 * b, atol=2e-3)


@pytest.mark.parametrize(
    "options, said", [(["--shares", "0.5", "0.6"], "add up to 1"), (["--shares", "1"], "must be 2 numbers")]
)
def test_shares_that_do_not_fit(tmp_path, capsys, options, said):
    path = save(tmp_path / "a.pth", PromptCIR(TINY))
    assert average.main([path, path, *options, "--out", str(tmp_path / "out.pth")]) == 1
    assert said in capsys.readouterr().err


def test_other_networks_are_refused(tmp_path, capsys):
    small = save(tmp_path / "a.pth", PromptCIR(TINY))
    large = save(tmp_path / "b.pth", PromptCIR(dataclasses.replace(TINY, refinement=2)))
    assert average.main([small, large, "--out", str(tmp_path / "out.pth")]) == 1
    assert "different networks" in capsys.readouterr().err
