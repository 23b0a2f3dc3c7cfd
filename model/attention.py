"""Window attention of HAT, in a form that exports with dynamic height and width.

Sizes: B images of H x W pixels and C channels, cut into windows of w x w
pixels; n = w*w; m = ow*ow keys of an overlapping window, ow = 3w/2.
Features travel as B x H x W x C here, the layout that attention wants.

HAT: Chen et al., "Activating More Pixels in Image Super-Resolution
Transformer", CVPR 2023. PromptCIR, section 3.2.
"""

import torch
import torch.nn.functional as F
from torch import nn

_OUTSIDE = -100.0  # logit of a pair of pixels that the shifted window joins by accident


def partition(x, window):
    """B x H x W x C to (B * H/w * W/w) x n x C."""
    b, h, w, c = x.shape
    x = x.reshape(b, h // window, window, w // window, window, c)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, window * window, c)


def merge(x, window, height, width):
    """The inverse of `partition`: windows back to B x height x width x C."""
    c = x.shape[2]
    x = x.reshape(-1, height // window, width // window, window, window, c)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, height, width, c)


def roll(x, shift):
    """Move B x H x W x C up and left by `shift` pixels, wrapping; negative: back.

    torch.roll as two concatenations, which every exporter and runtime has.
    """
    if shift == 0:
        return x
    x = torch.cat([x[:, shift:], x[:, :shift]], dim=1)
    return torch.cat([x[:, :, shift:], x[:, :, :shift]], dim=2)


def regions(x, window, shift):
    """One-hot region of every pixel after `roll`, as windows: (B * H/w * W/w) x n x 4.

    Rolling brings pixels of opposite borders into one window. The four regions
    (body, right, bottom, corner) tell them apart; see WindowAttention.
    """
    b, h, w, _ = x.shape
    bottom = (torch.arange(h, device=x.device) >= h - shift).to(x.dtype).reshape(1, -1, 1, 1)
    right = (torch.arange(w, device=x.device) >= w - shift).to(x.dtype).reshape(1, 1, -1, 1)
    rows = torch.cat([1 - bottom, bottom], dim=3)
    columns = torch.cat([1 - right, right], dim=3)
    onehot = torch.cat([rows[..., :1] * columns, rows[..., 1:] * columns], dim=3)
    return partition(onehot.expand(b, -1, -1, -1), window)


def overlapping(x, window):
    """B x H x W x C to (B * H/w * W/w) x m x C: w-px windows with a border of w/4.

    Equals unfold(kernel=3w/2, stride=w, padding=w/4): a window is a whole block
    of the padded image plus the first half of the next one, along each axis.
    """
    b, h, w, c = x.shape
    pad, half, size = window // 4, window // 2, window + window // 2
    x = F.pad(x, (0, 0, pad, window - pad, pad, window - pad))
    block = x[:, :-window].reshape(b, h // window, window, -1, c)
    after = x[:, window:].reshape(b, h // window, window, -1, c)[:, :, :half]
    x = torch.cat([block, after], dim=2)
    block = x[:, :, :, :-window].reshape(b, h // window, size, w // window, window, c)
    after = x[:, :, :, window:].reshape(b, h // window, size, w // window, window, c)[..., :half, :]
    x = torch.cat([block, after], dim=4)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, size * size, c)


def _grid(size):
    axes = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return torch.stack(axes).flatten(1)


def relative_index(window):
    """n x n rows of a (2w-1)^2 table: where key lies as seen from query."""
    points = _grid(window)
    offset = points[:, :, None] - points[:, None, :] + window - 1
    return offset[0] * (2 * window - 1) + offset[1]


def overlapping_index(window):
    """n x m rows of a (w+ow-1)^2 table, as in HAT.

    HAT subtracts where one would add, so that many rows are negative; they count
    from the table's end, and trained weights depend on it.
    """
    size = window + window // 2
    offset = _grid(size)[:, None, :] - _grid(window)[:, :, None] + window - size + 1
    return offset[0] * (window + size - 1) + offset[1]


def position_bias(table, index):
    """Table rows x heads and n x m index to a heads x n x m bias."""
    n, m = index.shape
    return table[index.reshape(-1)].reshape(n, m, -1).permute(2, 0, 1)


class WindowAttention(nn.Module):
    """Multi-head self-attention inside windows of n pixels (HAT's (S)W-MSA)."""

    def __init__(self, dim, window, heads):
        super().__init__()
        self.dim, self.heads = dim, heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(self, x, index, region=None):
        """x: windows x n x C; index: n x n; region: windows x n x 4 where shifted.

        The mask of the shifted windows rides along as four features: a query
        brings its region's one-hot vector, a key -100 for every region but its
        own. Their product is 0 within a region and -100 across, exactly HAT's
        mask, and no tensor of the graph depends on the number of windows.
        """
        n, dim, heads = x.shape[1], self.dim, self.heads
        qkv = self.qkv(x).reshape(-1, n, 3, heads, dim // heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0] * (dim // heads) ** -0.5, qkv[1], qkv[2]
        if region is not None:
            region = region.unsqueeze(1).expand(-1, heads, -1, -1)
            q = torch.cat([q, region.to(q.dtype)], dim=3)
            k = torch.cat([k, (_OUTSIDE * (1 - region)).to(k.dtype)], dim=3)
        bias = position_bias(self.relative_position_bias_table, index)
        attention = (q @ k.transpose(2, 3) + bias).softmax(dim=3)
        return self.proj((attention @ v).transpose(1, 2).reshape(-1, n, dim))
