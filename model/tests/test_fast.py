"""The quicker training step: results, gradients and names of the plain network."""

import copy
import dataclasses

import pytest
import torch

from model import fast
from model.net import Config, PromptCIR

pytestmark = pytest.mark.skipif(not fast.available(), reason="wants PyTorch 2 and a C++ compiler")


def _pass(net, x):
    net.zero_grad()
    y = net(x)
    y.square().mean().backward()
    return y.detach(), torch.cat([p.grad.reshape(-1) for p in net.parameters()])


def test_same_results_and_gradients():
    torch.manual_seed(0)
    plain = PromptCIR(dataclasses.replace(Config.lite(), blocks=(2, 1, 1, 1)))
    quick = copy.deepcopy(plain)
    fast.use(quick)
    assert list(plain.state_dict()) == list(quick.state_dict())
    x = torch.rand(2, 3, 64, 96).contiguous(memory_format=torch.channels_last)
    (y, gradient), (z, other) = _pass(plain, x), _pass(quick, x)
    assert (y - z).abs().max() < 1e-5
    assert (gradient - other).norm() < 1e-4 * gradient.norm()
