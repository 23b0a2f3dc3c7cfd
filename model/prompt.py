"""Prompt generators: what the network knows about damage, looked up by content.

Both return B x E x H x W for features of B x C x H x W. `DynamicPrompt` is
PromptCIR's dynamic prompt module (section 3.1); `StaticPrompt` is PromptIR's
prompt generation block (Potlapalli et al., NeurIPS 2023), the other arm of the
ablation in PromptCIR's Table 4.
"""

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import channels_first, channels_last


class _Mlp(nn.Module):
    def __init__(self, dim, out):
        super().__init__()
        self.fc1 = nn.Linear(dim, out)
        self.fc2 = nn.Linear(out, out)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class DynamicPrompt(nn.Module):
    """Every pixel mixes tasks x bases learned vectors by two softmaxes of its own.

    The paper writes one softmax over N bases; the authors' network, followed
    here, has a second one over tasks and multiplies both.
    """

    def __init__(self, dim, tasks, bases, prompt_dim):
        super().__init__()
        self.basis_mlp = _Mlp(dim, bases)
        self.task_mlp = _Mlp(dim, tasks)
        self.prompt = nn.Parameter(torch.rand(1, tasks, bases, prompt_dim, 1, 1))
        self.conv3x3 = nn.Conv2d(prompt_dim, prompt_dim, 3, padding=1, bias=False)

    def forward(self, x):
        """One matrix product of the outer product of both weights with the table of vectors."""
        _, tasks, bases, prompt_dim, _, _ = self.prompt.shape
        b, _, h, w = x.shape
        y = channels_last(x)
        by_task = self.task_mlp(y).softmax(dim=3).unsqueeze(4)
        by_basis = self.basis_mlp(y).softmax(dim=3).unsqueeze(3)
        weights = (by_task * by_basis).reshape(b, h, w, tasks * bases)
        table = self.prompt.reshape(tasks * bases, prompt_dim).to(weights.dtype)
        return self.conv3x3(channels_first(weights @ table))


class StaticPrompt(nn.Module):
    """PromptIR's block: one softmax of the image's mean mixes `length` prompt maps."""

    def __init__(self, dim, length, size, prompt_dim):
        super().__init__()
        self.prompt_param = nn.Parameter(torch.rand(1, length, prompt_dim, size, size))
        self.linear_layer = nn.Linear(dim, length)
        self.conv3x3 = nn.Conv2d(prompt_dim, prompt_dim, 3, padding=1, bias=False)

    def forward(self, x):
        _, length, prompt_dim, size, _ = self.prompt_param.shape
        weights = self.linear_layer(x.mean(dim=(2, 3))).softmax(dim=1)
        mixed = weights @ self.prompt_param.reshape(length, -1)
        mixed = mixed.reshape(-1, prompt_dim, size, size)
        return self.conv3x3(F.interpolate(mixed, x.shape[2:], mode="bilinear", align_corners=False))
