"""The blocks that PromptCIR is made of.

Restormer's transformer block (MDTA + GDFN) works on B x C x H x W. The
residual hybrid attention group (RHAG) of HAT takes and returns the same, and
works on B x H x W x C inside. Module names follow the authors' checkpoint.

Restormer: Zamir et al., CVPR 2022. HAT: Chen et al., CVPR 2023. PromptCIR:
Li et al., NTIRE 2024, sections 3.2 (RHAG) and 3.3 (transformer blocks).
"""

import torch
import torch.nn.functional as F
from torch import nn

from .attention import WindowAttention, merge, overlapping, partition, position_bias, regions, roll

CAB_SCALE = 0.01  # weight of the channel-attention branch in HAT's hybrid block
NORM_EPS = 1e-12  # of the q and k norms, as in torch.nn.functional.normalize


def channels_first(x):
    """B x H x W x C to B x C x H x W."""
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    """B x C x H x W to B x H x W x C."""
    return x.permute(0, 2, 3, 1)


class LayerNorm2d(nn.Module):
    """LayerNorm over the channels of B x C x H x W (Restormer's, with bias)."""

    def __init__(self, dim):
        super().__init__()
        self.body = nn.LayerNorm(dim)

    def forward(self, x):
        return channels_first(self.body(channels_last(x)))


class GDFN(nn.Module):
    """Gated depthwise-conv feed-forward network (Restormer), B x C x H x W."""

    def __init__(self, dim, hidden, bias):
        super().__init__()
        self.project_in = nn.Conv2d(dim, 2 * hidden, 1, bias=bias)
        self.dwconv = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=bias)
        self.project_out = nn.Conv2d(hidden, dim, 1, bias=bias)

    def forward(self, x):
        gate, value = self.dwconv(self.project_in(x)).chunk(2, dim=1)
        return self.project_out(F.gelu(gate) * value)


class MDTA(nn.Module):
    """Multi-Dconv head transposed attention (Restormer): C/heads x C/heads maps.

    Two identities keep full-size tensors few: normalising q and k divides the
    small map instead, and the output projection multiplies it before it meets v.
    """

    def __init__(self, dim, heads):
        super().__init__()
        self.dim, self.heads = dim, heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Conv2d(dim, 3 * dim, 1, bias=False)
        self.qkv_dwconv = nn.Conv2d(3 * dim, 3 * dim, 3, padding=1, groups=3 * dim, bias=False)
        self.project_out = nn.Conv2d(dim, dim, 1, bias=False)

    def forward(self, x):
        """B x C x H x W, both ways. The map is single precision: its sums run over all pixels."""
        b, _, h, w = x.shape
        dim, heads = self.dim, self.heads
        q, k, v = self.qkv_dwconv(self.qkv(x)).reshape(b, 3, dim, -1).unbind(1)
        q = q.reshape(b, heads, dim // heads, -1).float()
        k = k.reshape(b, heads, dim // heads, -1).float()
        norms = q.norm(dim=3, keepdim=True).clamp(min=NORM_EPS) * k.norm(dim=3).clamp(min=NORM_EPS).unsqueeze(2)
        attention = ((q @ k.transpose(2, 3)) / norms * self.temperature).softmax(dim=3)
        project = self.project_out.weight.reshape(dim, heads, dim // heads).transpose(0, 1)
        folded = (project @ attention.to(project.dtype)).transpose(1, 2).reshape(b, dim, dim)
        return (folded.to(v.dtype) @ v).reshape(b, dim, h, w)


class TransformerBlock(nn.Module):
    """Restormer's block on B x C x H x W."""

    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1 = LayerNorm2d(dim)
        self.attn = MDTA(dim, heads)
        self.norm2 = LayerNorm2d(dim)
        self.ffn = GDFN(dim, hidden, bias=False)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.ffn(self.norm2(x))


class ChannelAttention(nn.Module):
    """Scales channels by their global average through a bottleneck (squeeze and excitation)."""

    def __init__(self, dim, squeeze):
        super().__init__()
        middle = max(dim // squeeze, 1)
        self.attention = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(dim, middle, 1), nn.ReLU(), nn.Conv2d(middle, dim, 1), nn.Sigmoid()
        )

    def forward(self, x):
        return x * self.attention(x)


class CAB(nn.Module):
    """HAT's channel attention block on B x C x H x W."""

    def __init__(self, dim, compress, squeeze):
        super().__init__()
        self.cab = nn.Sequential(
            nn.Conv2d(dim, dim // compress, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(dim // compress, dim, 3, padding=1),
            ChannelAttention(dim, squeeze),
        )

    def forward(self, x):
        return self.cab(x)


class HAB(nn.Module):
    """Hybrid attention block: (shifted) window attention beside a CAB, then GDFN; B x H x W x C."""

    def __init__(self, dim, heads, hidden, window, shift, compress, squeeze):
        super().__init__()
        self.window, self.shift = window, shift
        self.norm1 = nn.LayerNorm(dim)
        self.attn = WindowAttention(dim, window, heads)
        self.conv_block = CAB(dim, compress, squeeze)
        self.norm2 = nn.LayerNorm(dim)
        self.ffn = GDFN(dim, hidden, bias=True)

    def forward(self, x, index, region):
        _, h, w, _ = x.shape
        y = self.norm1(x)
        local = channels_last(self.conv_block(channels_first(y)))
        windows = partition(roll(y, self.shift), self.window)
        windows = self.attn(windows, index, region if self.shift else None)
        x = x + roll(merge(windows, self.window, h, w), -self.shift) + local * CAB_SCALE
        return x + channels_last(self.ffn(channels_first(self.norm2(x))))


class OCAB(nn.Module):
    """Overlapping cross-attention block: n queries of a window, m keys of a larger one; B x H x W x C."""

    def __init__(self, dim, heads, hidden, window):
        super().__init__()
        self.dim, self.heads, self.window = dim, heads, window
        rows = (window + window + window // 2 - 1) ** 2
        self.relative_position_bias_table = nn.Parameter(torch.zeros(rows, heads))
        self.norm1 = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.norm2 = nn.LayerNorm(dim)
        self.ffn = GDFN(dim, hidden, bias=True)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(self, x, index):
        _, h, w, _ = x.shape
        n, m = index.shape
        dim, heads = self.dim, self.heads
        qkv = self.qkv(self.norm1(x))
        q = partition(qkv[..., :dim], self.window).reshape(-1, n, heads, dim // heads).transpose(1, 2)
        kv = overlapping(qkv[..., dim:], self.window).reshape(-1, m, 2, heads, dim // heads).permute(2, 0, 3, 1, 4)
        bias = position_bias(self.relative_position_bias_table, index)
        attention = ((q * (dim // heads) ** -0.5) @ kv[0].transpose(2, 3) + bias).softmax(dim=3)
        windows = (attention @ kv[1]).transpose(1, 2).reshape(-1, n, dim)
        x = x + self.proj(merge(windows, self.window, h, w))
        return x + channels_last(self.ffn(channels_first(self.norm2(x))))


class _ResidualGroup(nn.Module):
    """Holds the blocks under the names of the authors' checkpoint."""

    def __init__(self, blocks, overlap):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.overlap_attn = overlap


class RHAG(nn.Module):
    """Residual hybrid attention group: HABs (odd ones shifted by w/2), an OCAB, a 3x3 conv, a skip.

    B x C x H x W with H and W multiples of the window.
    """

    def __init__(self, dim, depth, heads, hidden, window, compress, squeeze):
        super().__init__()
        self.window = window
        blocks = [HAB(dim, heads, hidden, window, (i % 2) * (window // 2), compress, squeeze) for i in range(depth)]
        self.residual_group = _ResidualGroup(blocks, OCAB(dim, heads, hidden, window))
        self.conv = nn.Conv2d(dim, dim, 3, padding=1)

    def forward(self, x, index, overlap_index):
        y = channels_last(x)
        region = regions(y, self.window, self.window // 2) if len(self.residual_group.blocks) > 1 else None
        for block in self.residual_group.blocks:
            y = block(y, index, region)
        y = self.residual_group.overlap_attn(y, overlap_index)
        return self.conv(channels_first(y)) + x


class TransformerStage(nn.Sequential):
    """A run of transformer blocks; takes RHAG's arguments so that either may fill a level."""

    def __init__(self, dim, depth, heads, hidden):
        super().__init__(*(TransformerBlock(dim, heads, hidden) for _ in range(depth)))

    def forward(self, x, index=None, overlap_index=None):
        for block in self:
            x = block(x)
        return x
