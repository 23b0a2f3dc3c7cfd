"""Muon: its directions are orthogonal, and every matrix of the network is moved by its rule."""

import copy

import torch
from torch import nn

from model import muon
from model.net import Config, PromptCIR


def test_directions_are_those_of_the_singular_value_decomposition():
    torch.manual_seed(0)
    x = torch.randn(3, 16, 40)
    made = muon.orthogonal(x).float()
    u, _, v = torch.linalg.svd(x, full_matrices=False)
    assert torch.linalg.svdvals(made).min() > 0.6 and torch.linalg.svdvals(made).max() < 1.3
    cosine = nn.functional.cosine_similarity(made.flatten(1), (u @ v).flatten(1))
    assert cosine.min() > 0.97


def test_queries_keys_and_values_move_apart():
    net = PromptCIR(Config.lite())
    stacks = muon.matrices(net)
    ends = (net.patch_embed_input.proj.weight, net.output.weight)
    assert not any(parameter is end for parameter in stacks for end in ends)
    fused = {parameter: count for parameter, count in stacks.items() if count == 3}
    assert len(fused) == sum(name.endswith("qkv.weight") for name, _ in net.named_parameters())
    weight = max(fused, key=torch.numel)
    before = weight.detach().clone()
    weight.grad = torch.randn_like(weight)
    weight.grad[: len(weight) // 3] *= 1000  # the queries' part, which would hide the others in one matrix
    muon.Muon({weight: 3}, lr=1e-2, weight_decay=0.0).step()
    lengths = [(new - old).norm() for old, new in zip(before.chunk(3), weight.detach().chunk(3))]
    assert max(lengths) < 1.1 * min(lengths)


def test_steps_are_as_long_as_adamws():
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(32, 64))
    start = copy.deepcopy(weight)
    optimizer = muon.Muon({weight: 1}, lr=1e-2, weight_decay=0.0)
    weight.grad = torch.randn_like(weight)
    optimizer.step()
    length = (weight - start).square().mean().sqrt().item()
    assert 0.1e-2 < length < 0.3e-2
