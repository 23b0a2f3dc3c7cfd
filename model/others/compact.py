"""SRVGGNetCompact, the compact network of Real-ESRGAN (Wang et al., ICCVW 2021; BSD-3-Clause)."""

import torch.nn as nn
import torch.nn.functional as F


class Compact(nn.Module):
    """Convolutions at the size of the image, then one shuffle to `scale` times that."""

    def __init__(self, features=8, convolutions=3, scale=2, channels=3):
        super().__init__()
        self.scale = scale
        body = [nn.Conv2d(channels, features, 3, padding=1), nn.PReLU(features)]
        for _ in range(convolutions):
            body += [nn.Conv2d(features, features, 3, padding=1), nn.PReLU(features)]
        body.append(nn.Conv2d(features, channels * scale * scale, 3, padding=1))
        self.body = nn.Sequential(*body)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x):
        return self.shuffle(self.body(x)) + F.interpolate(x, scale_factor=self.scale, mode="nearest")


class ESPCN(nn.Module):
    """ESPCN (Shi et al., CVPR 2016): it enlarges luma alone."""

    def __init__(self, features=16, scale=2):
        super().__init__()
        self.first = nn.Conv2d(1, features, 5, padding=2)
        self.second = nn.Conv2d(features, features // 2, 3, padding=1)
        self.last = nn.Conv2d(features // 2, scale * scale, 3, padding=1)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x):
        return self.shuffle(self.last(self.second(self.first(x).tanh()).tanh()))
