"""Muon for the matrices of a network, AdamW for the rest.

Muon (Jordan et al., "Muon: an optimizer for hidden layers in neural networks",
2024) steps along the momentum made orthogonal: all directions of a matrix are
learned at one rate, where Adam favours a few. Steps are scaled to the size of
AdamW's (Liu et al., "Muon is scalable for LLM training", 2025), so that one
learning rate serves both.
"""

import collections

import torch
from torch import nn

from .attention import WindowAttention
from .blocks import MDTA, OCAB

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # Jordan et al.: five rounds bring singular values to 0.7 to 1.2
_ROUNDS = 5
_ADAM = 0.2  # root mean square of AdamW's steps, in learning rates (Liu et al.)
_LEAST = 8  # rows and columns of a matrix that is worth it


def matrices(net):
    """Parameters for Muon: {parameter: how many matrices are stacked in it}.

    These are linear maps and dense convolutions inside the network, not the
    first and the last one. Queries, keys and values in one weight are three.
    """
    fused = {part.qkv for part in net.modules() if isinstance(part, (MDTA, OCAB, WindowAttention))}
    ends = {net.patch_embed_input.proj, net.output}
    found = {}
    for part in net.modules():
        dense = isinstance(part, nn.Linear) or isinstance(part, nn.Conv2d) and part.groups == 1
        if dense and part not in ends and min(len(part.weight), part.weight[0].numel()) >= _LEAST:
            found[part.weight] = 3 if part in fused else 1
    return found


def orthogonal(x):
    """B x M x N matrices U S V', M <= N: about U V' of each, in bfloat16."""
    a, b, c = _NEWTON_SCHULZ
    x = (x / (x.norm(dim=(1, 2), keepdim=True) + 1e-12)).bfloat16()
    for _ in range(_ROUNDS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x


class Muon(torch.optim.Optimizer):
    """Muon over what `matrices` finds; lr and weight decay are as AdamW's."""

    def __init__(self, stacks, lr, weight_decay, momentum=0.95):
        super().__init__(list(stacks), {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        self.stacks = stacks

    @torch.no_grad()
    def step(self):
        """One update; matrices of one shape are made orthogonal together."""
        for group in self.param_groups:
            by_shape = collections.defaultdict(list)
            for parameter in group["params"]:
                average = self._average(parameter)
                average.lerp_(parameter.grad, 1 - group["momentum"])
                ahead = parameter.grad.lerp(average, group["momentum"])
                count = self.stacks[parameter]
                for matrix, towards in zip(parameter.chunk(count), ahead.chunk(count)):
                    rows = towards.flatten(1)
                    by_shape[min(rows.shape), max(rows.shape)].append((matrix, rows))
            for (_, longer), entries in by_shape.items():
                steps = orthogonal(torch.stack([_lying(rows) for _, rows in entries]))
                size = -group["lr"] * _ADAM * longer**0.5
                for (matrix, rows), step in zip(entries, steps):
                    step = step if step.shape == rows.shape else step.mT
                    matrix.mul_(1 - group["lr"] * group["weight_decay"])
                    matrix.add_(step.reshape(matrix.shape), alpha=size)

    def _average(self, parameter):
        state = self.state[parameter]
        if "exp_avg" not in state:
            state["exp_avg"] = torch.zeros_like(parameter)
        return state["exp_avg"]


def _lying(rows):
    return rows.mT if len(rows) > rows.shape[1] else rows
