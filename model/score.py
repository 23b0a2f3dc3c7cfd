"""PSNR, SSIM and PSNR-B of RGB images, by the protocol that reproduces the paper's JPEG rows.

Images are H x W x 3 uint8. PromptCIR, Table 2; SSIM: Wang et al., 2004; PSNR-B:
Yim and Bovik, "Quality Assessment of Deblocked Images", 2011.
"""

import math

import numpy as np
from scipy.ndimage import correlate1d

_PEAK = 255.0
_RADIUS, _SIGMA = 5, 1.5
_WINDOW = np.exp(-(np.arange(-_RADIUS, _RADIUS + 1) ** 2) / (2 * _SIGMA**2))
_WINDOW /= _WINDOW.sum()
_LUMA = np.array([65.481, 128.553, 24.966]) / 255  # BT.601, studio range; offset 16


def _mse(reference, image):
    if reference.shape != image.shape:
        raise ValueError(f"images differ in size: {reference.shape} and {image.shape}")
    return float(np.mean((reference.astype(np.float64) - image) ** 2))


def psnr(reference, image):
    """dB from one mean squared error over all channels; inf for equal images."""
    mse = _mse(reference, image)
    return math.inf if mse == 0 else 10 * math.log10(_PEAK**2 / mse)


def ssim(reference, image):
    """Mean over R, G, B; 11 x 11 Gaussian window, pixels whose window lies inside."""
    return float(np.mean([_ssim(reference[..., c], image[..., c]) for c in range(3)]))


def _ssim(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    c1, c2 = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2
    mean_a, mean_b = _smooth(a), _smooth(b)
    variances = _smooth(a * a) - mean_a**2 + _smooth(b * b) - mean_b**2
    covariance = _smooth(a * b) - mean_a * mean_b
    top = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return np.mean(top / ((mean_a**2 + mean_b**2 + c1) * (variances + c2)))


def _smooth(x):
    x = correlate1d(correlate1d(x, _WINDOW, axis=0), _WINDOW, axis=1)
    return x[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]


def blocking_effect(image, block=8):
    """Yim and Bovik's factor on rounded luma: how far steps at block borders exceed all others."""
    luma = np.rint(image.astype(np.float64) @ _LUMA + 16)
    height, width = luma.shape
    columns = (np.diff(luma, axis=1) ** 2).sum(axis=0)
    rows = (np.diff(luma, axis=0) ** 2).sum(axis=1)
    border = columns[block - 1 :: block].sum() + rows[block - 1 :: block].sum()
    inside = columns.sum() + rows.sum() - border
    border_count = height * (width / block - 1) + width * (height / block - 1)
    inside_count = height * (width - 1) + width * (height - 1) - border_count
    excess = border / border_count - inside / inside_count
    return max(excess, 0.0) * math.log2(block) / math.log2(min(height, width))


def psnr_b(reference, image):
    """dB; the blocking effect of `image` counts as error."""
    error = _mse(reference, image) + blocking_effect(image)
    return math.inf if error == 0 else 10 * math.log10(_PEAK**2 / error)
