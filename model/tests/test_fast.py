"""The quicker training step: results, gradients and names of the plain network."""

import copy
import dataclasses
import types

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


@pytest.mark.parametrize("channels", (16, 40, 112))
def test_layer_norm_sums_in_single_precision(channels):
    """In bfloat16 too, where thousands of rows would lose a sum of that precision."""
    torch.manual_seed(0)
    norm = torch.nn.LayerNorm(channels)
    torch.nn.init.normal_(norm.weight), torch.nn.init.normal_(norm.bias)
    x = (torch.randn(2, 64, 64, channels) * 2 + 1).bfloat16()
    grad = torch.randn_like(x)
    results = []
    for kind in (torch.float64, torch.bfloat16):
        features = x.to(kind).requires_grad_()
        part = copy.deepcopy(norm).double() if kind is torch.float64 else copy.deepcopy(norm)
        if kind is torch.bfloat16:
            part.forward = types.MethodType(fast._norm, part)
        y = part(features)
        y.backward(grad.to(kind))
        results.append([t.double() for t in (y.detach(), features.grad, part.weight.grad, part.bias.grad)])
    for exact, ours, bound in zip(*results, (3e-3, 3e-3, 1e-5, 1e-5)):
        assert (exact - ours).norm() < bound * exact.norm()
