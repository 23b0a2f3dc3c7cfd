"""Restore one image with a network in PyTorch: pad, run, crop, round."""

import numpy as np
import torch


def pad_to(image, multiple):
    """Mirror H x W x 3 at the right and bottom to multiples of `multiple` px; small images repeat the mirror."""
    height, width = image.shape[:2]
    return np.pad(image, ((0, -height % multiple), (0, -width % multiple), (0, 0)), mode="symmetric")


def quantize(image):
    """float RGB in [0, 1] (clamped here) to uint8, rounding to nearest."""
    return np.clip(np.rint(image * 255), 0, 255).astype(np.uint8)


@torch.no_grad()
def restore(net, image):
    """H x W x 3 uint8 RGB through `net` in one piece, the same out."""
    height, width = image.shape[:2]
    device = next(net.parameters()).device
    x = torch.from_numpy(np.ascontiguousarray(pad_to(image, net.config.multiple).transpose(2, 0, 1)))
    x = x.to(device).float().div(255).unsqueeze(0).contiguous(memory_format=torch.channels_last)
    y = net(x)[0].permute(1, 2, 0).float().cpu().numpy()
    return quantize(y[:height, :width])
