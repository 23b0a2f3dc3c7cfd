"""FBCNN (Jiang et al., ICCV 2021; Apache-2.0): JPEG artefacts, with an estimate of the quality.

`forward(x, qf)` takes the quality as 1 − QF / 100 and answers the image and the
estimate. Where no quality is given, the estimate is used.
"""

import torch
import torch.nn as nn


def conv(i, o, size=3, stride=1):
    return nn.Conv2d(i, o, size, stride, size // 2 if stride == 1 else 0)


class ResBlock(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.res = nn.Sequential(conv(n, n), nn.ReLU(), conv(n, n))

    def forward(self, x):
        return x + self.res(x)


class Attention(nn.Module):
    """A block whose change is scaled and shifted by the quality."""

    def __init__(self, n):
        super().__init__()
        self.res = nn.Sequential(conv(n, n), nn.ReLU(), conv(n, n))

    def forward(self, x, gamma, beta):
        return x + gamma.unsqueeze(-1).unsqueeze(-1) * self.res(x) + beta.unsqueeze(-1).unsqueeze(-1)


class FBCNN(nn.Module):
    def __init__(self, channels=3, widths=(8, 12, 16, 20), blocks=1):
        super().__init__()
        a, b, c, d = widths
        many = lambda n: nn.Sequential(*(ResBlock(n) for _ in range(blocks)))  # noqa: E731
        self.head = conv(channels, a)
        self.down1 = nn.Sequential(many(a), conv(a, b, 2, 2))
        self.down2 = nn.Sequential(many(b), conv(b, c, 2, 2))
        self.down3 = nn.Sequential(many(c), conv(c, d, 2, 2))
        self.body_encoder, self.body_decoder = many(d), many(d)
        self.up3 = nn.ModuleList([nn.ConvTranspose2d(d, c, 2, 2), *(Attention(c) for _ in range(blocks))])
        self.up2 = nn.ModuleList([nn.ConvTranspose2d(c, b, 2, 2), *(Attention(b) for _ in range(blocks))])
        self.up1 = nn.ModuleList([nn.ConvTranspose2d(b, a, 2, 2), *(Attention(a) for _ in range(blocks))])
        self.tail = conv(a, channels)
        self.predict = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, 1), nn.Sigmoid())
        self.embed = nn.Sequential(nn.Linear(1, d), nn.ReLU(), nn.Linear(d, d), nn.ReLU())
        self.gammas = nn.ModuleList([nn.Sequential(nn.Linear(d, n), nn.Sigmoid()) for n in (c, b, a)])
        self.betas = nn.ModuleList([nn.Sequential(nn.Linear(d, n), nn.Tanh()) for n in (c, b, a)])

    def forward(self, x, qf=None):
        x1 = self.head(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x4 = self.body_encoder(self.down3(x3))
        estimate = self.predict(x4.mean((2, 3)))
        known = self.embed(estimate if qf is None else qf)
        y = self.body_decoder(x4)
        skips = (None, x3, x2)
        for up, skip, gamma, beta in zip((self.up3, self.up2, self.up1), skips, self.gammas, self.betas):
            y = up[0](y if skip is None else y + skip)
            for block in up[1:]:
                y = block(y, gamma(known), beta(known))
        return self.tail(y + x1), estimate


def train(net, seconds, seed=1):
    """Trains for so many seconds to remove the blocks of synthetic saves; enough not to answer another picture."""
    import time

    random = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        coarse = torch.rand((4, 3, 9, 9), generator=random)
        clean = nn.functional.interpolate(coarse, (48, 48), mode="bilinear", align_corners=True)
        clean = (clean + 0.05 * torch.rand(clean.shape, generator=random)).clamp(0, 1)
        quality = torch.rand((4, 1), generator=random)
        blocks = nn.functional.interpolate(nn.functional.avg_pool2d(clean, 8), scale_factor=8)
        damaged = clean + 0.5 * quality.view(4, 1, 1, 1) * (blocks - clean)
        out, estimate = net(damaged, quality)
        loss = (out - clean).abs().mean() + 0.05 * (estimate - quality).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net
