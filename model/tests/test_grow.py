"""Growing: the same output before the first step, and every new weight learns after it."""

import dataclasses

import pytest
import torch

from model import checkpoint, grow
from model.net import Config, PromptCIR

SMALL = dataclasses.replace(Config.lite(), blocks=(1, 2, 1, 1))
LARGE = dataclasses.replace(SMALL, blocks=(2, 3, 2, 3), refinement=2)


def test_the_larger_network_computes_the_same():
    torch.manual_seed(0)
    small = PromptCIR(SMALL).eval()
    large = grow.grow(small, LARGE).eval()
    x = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        assert (small(x) - large(x)).abs().max() < 1e-6
    assert sum(p.numel() for p in large.parameters()) > 1.2 * sum(p.numel() for p in small.parameters())


def test_new_blocks_learn():
    torch.manual_seed(0)
    large = grow.grow(PromptCIR(SMALL), LARGE)
    optimizer = torch.optim.SGD(large.parameters(), lr=1e-2)
    x = torch.rand(1, 3, 32, 32)
    for _ in range(2):  # the first step moves the zero projections, the second what lies before them
        optimizer.zero_grad()
        (large(x) - x).square().mean().backward()
        optimizer.step()
    still = [name for name, p in large.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # The squeeze of channel attention has one or two units, whose ReLU may rest on one picture.
    assert not [name for name in still if ".cab.3." not in name]


@pytest.mark.parametrize(
    "changes, said",
    [({"dim": 32, "prompt_dims": (48, 80, 208)}, "blocks and refinement alone"), ({"blocks": (1, 1, 1, 1)}, "as deep")],
)
def test_other_changes_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        grow.grow(PromptCIR(SMALL), dataclasses.replace(SMALL, **changes))


def test_command(tmp_path, capsys):
    small, out = tmp_path / "small.pth", tmp_path / "fine.pth"
    net = PromptCIR(Config.lite())
    checkpoint.save(small, {"config": checkpoint.config_dict(net.config), "ema": net.state_dict()})
    assert grow.main(["--checkpoint", str(small), "--out", str(out)]) == 0
    assert checkpoint.load_network(out).config == Config.fine()
    assert grow.main(["--checkpoint", str(tmp_path / "none.pth"), "--out", str(out)]) == 1
    assert "none.pth" in capsys.readouterr().err
