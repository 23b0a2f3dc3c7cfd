"""The experiment with others' statistics: what it records is what the network computes."""

import dataclasses

import numpy as np
import torch

from model import whole
from model.net import Config, PromptCIR


def test_own_statistics_change_nothing():
    torch.manual_seed(0)
    net = PromptCIR(dataclasses.replace(Config.lite(), blocks=(1, 1, 1, 1))).eval()
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    plain = whole.run(net, image)
    with whole.observed(net) as statistics:
        recorded = whole.run(net, image)
        statistics.replaces = True
        replaced = whole.run(net, image)
        other = whole.run(net, 255 - image)
    assert np.abs(recorded - plain).max() < 1e-5 and np.abs(replaced - plain).max() < 1e-5
    assert np.abs(whole.run(net, 255 - image) - other).max() > 1e-6  # another photo has others
    assert np.abs(whole.run(net, image) - plain).max() == 0  # the network is as it was


def test_windows_cover_the_photo():
    image = np.full((224, 160, 3), 128, np.uint8)
    out = whole.windows(lambda x: x, image, 96)
    assert out.shape == image.shape and np.abs(out - 128 / 255).max() < 1e-6
