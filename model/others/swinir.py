"""SwinIR (Liang et al., ICCVW 2021; Apache-2.0), for JPEG artefacts and for enlarging.

The mask of shifted windows is computed in the graph, so that an export takes images of
any multiple of the window.
"""

import torch
import torch.nn as nn


def windows(x, size):
    """B×H×W×C → windows × size² × C."""
    b, h, w, c = x.shape
    x = x.view(b, h // size, size, w // size, size, c)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, size * size, c)


def joined(x, size, b, h, w):
    c = x.shape[-1]
    x = x.view(b, h // size, w // size, size, size, c)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)


class WindowAttention(nn.Module):
    def __init__(self, dim, size, heads):
        super().__init__()
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.table = nn.Parameter(torch.zeros((2 * size - 1) ** 2, heads))
        nn.init.trunc_normal_(self.table, std=0.02)
        at = torch.stack(torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")).flatten(1)
        apart = (at[:, :, None] - at[:, None, :]).permute(1, 2, 0) + size - 1
        self.register_buffer("index", (apart[..., 0] * (2 * size - 1) + apart[..., 1]).int())
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x, mask):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        bias = self.table[self.index.view(-1).long()].view(n, n, self.heads).permute(2, 0, 1)
        a = q * self.scale @ k.transpose(-2, -1) + bias
        if mask is not None:
            count = mask.shape[0]
            a = a.view(b // count, count, self.heads, n, n) + mask.unsqueeze(1).unsqueeze(0)
            a = a.view(b, self.heads, n, n)
        return self.proj((a.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    def __init__(self, dim, size, heads, shift, mlp):
        super().__init__()
        self.size, self.shift = size, shift
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = WindowAttention(dim, size, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, mlp * dim), nn.GELU(), nn.Linear(mlp * dim, dim))

    def mask(self, x):
        """Forbids attention between parts that the shift has brought together."""
        h, w = x.shape[1], x.shape[2]
        part = lambda n: (torch.arange(n) >= n - self.size).long() + (torch.arange(n) >= n - self.shift).long()  # noqa: E731
        parts = (3 * part(h)[:, None] + part(w)[None, :]).to(x.dtype)[None, :, :, None]
        flat = windows(parts, self.size).squeeze(-1)
        return (flat.unsqueeze(1) != flat.unsqueeze(2)).to(x.dtype) * -100

    def forward(self, x):
        b, h, w, c = x.shape
        y = self.norm1(x)
        if self.shift:
            y = torch.roll(y, (-self.shift, -self.shift), (1, 2))
        y = self.attention(windows(y, self.size), self.mask(x) if self.shift else None)
        y = joined(y, self.size, b, h, w)
        if self.shift:
            y = torch.roll(y, (self.shift, self.shift), (1, 2))
        x = x + y
        return x + self.mlp(self.norm2(x))


class Group(nn.Module):
    """A residual group (RSTB): blocks, every other one with shifted windows, and a convolution."""

    def __init__(self, dim, depth, size, heads, mlp):
        super().__init__()
        self.blocks = nn.ModuleList(Block(dim, size, heads, size // 2 * (i % 2), mlp) for i in range(depth))
        self.conv = nn.Conv2d(dim, dim, 3, padding=1)

    def forward(self, x):
        y = x.permute(0, 2, 3, 1)
        for block in self.blocks:
            y = block(y)
        return x + self.conv(y.permute(0, 3, 1, 2))


class SwinIR(nn.Module):
    def __init__(self, channels=3, dim=12, depths=(2,), heads=2, size=8, mlp=2, scale=1):
        super().__init__()
        self.scale = scale
        self.register_buffer("mean", torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1) if channels == 3 else torch.zeros(1, 1, 1, 1))
        self.first = nn.Conv2d(channels, dim, 3, padding=1)
        self.groups = nn.ModuleList(Group(dim, depth, size, heads, mlp) for depth in depths)
        self.norm, self.after = nn.LayerNorm(dim), nn.Conv2d(dim, dim, 3, padding=1)
        self.last = nn.Conv2d(dim, channels * scale * scale, 3, padding=1)  # "pixelshuffledirect"
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x):
        x = x - self.mean
        first = self.first(x)
        y = first
        for group in self.groups:
            y = group(y)
        y = self.norm(y.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        y = self.last(self.after(y) + first)
        if self.scale == 1:
            return x + y + self.mean
        return self.shuffle(y) + self.mean
