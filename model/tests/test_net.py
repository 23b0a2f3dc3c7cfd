"""The network: the authors' parameters and outputs, and every variant of Config."""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from model import attention, checkpoint
from model.net import Config, PromptCIR, space_to_depth

from . import reference

TINY = dataclasses.replace(Config.lite(), blocks=(2, 1, 1, 1))
VARIANTS = {
    "lite": TINY,
    "no unshuffle": dataclasses.replace(TINY, unshuffle=1),
    "unshuffle 4": dataclasses.replace(TINY, unshuffle=4),
    "window 4": dataclasses.replace(TINY, window=4),
    "wide": dataclasses.replace(TINY, dim=32, heads=(2, 2, 4, 8), compress=4),
    "PromptIR's prompt": dataclasses.replace(TINY, prompt="promptir", prompt_tasks=5),
    "no prompt": dataclasses.replace(TINY, prompt="none"),
    "transformer stages": dataclasses.replace(TINY, stages="transformer"),
    "one block, no refinement": dataclasses.replace(TINY, blocks=(1, 1, 1, 1), refinement=0),
    "paper's widths": dataclasses.replace(TINY, ffn_multiple=1),
}


@pytest.fixture(scope="module")
def full():
    net = PromptCIR().eval()
    state = {key: torch.from_numpy(value) for key, value in reference.reference_state_dict().items()}
    checkpoint.apply(net, state, "reference")
    return net


@pytest.fixture(scope="module")
def exact(full):
    """In double precision, so that our own rounding, which differs by machine, has no part in the comparison."""
    return copy.deepcopy(full).double()


def test_keys_and_shapes_are_the_authors(full):
    ours = {key: (tuple(value.shape), str(value.dtype).split(".")[1]) for key, value in full.state_dict().items()}
    assert ours == reference.keys()
    assert sum(p.numel() for p in full.parameters()) == 34_754_927


def test_strict_loading_of_all_keys(full):
    full.load_state_dict(full.state_dict(), strict=True)


@pytest.mark.parametrize("size", [(64, 64), (64, 96), (128, 128)])
def test_output_is_the_authors(exact, size):
    name = f"expected_{size[0]}x{size[1]}.npy"
    path = next((p for p in (reference.FIXTURES / name, reference.SHARED / "promptcir" / name) if p.is_file()), None)
    if path is None:
        pytest.skip(f"{name} is in the shared folder only")
    expected, x = np.load(path), reference.reference_input(*size)
    with torch.no_grad():
        y = exact(torch.from_numpy(x).double()).numpy()
    assert np.abs(y - expected).max() < 1e-5 * (expected - x).std()


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_builds_runs_and_learns(name):
    torch.manual_seed(0)
    config = VARIANTS[name]
    net = PromptCIR(config)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4)
    x = torch.rand(2, 3, config.multiple, 2 * config.multiple)
    losses = []
    for _ in range(3):
        y = net(x)
        assert y.shape == x.shape
        loss = (y - x * 0.9).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in net.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    "field, value, named",
    [
        ("stages", "swin", "stages"),
        ("prompt", "learned", "prompt"),
        ("blocks", (1, 2), "blocks"),
        ("heads", (3, 2, 4, 8), "heads"),
        ("window", 10, "window"),
    ],
)
def test_config_faults_name_the_field(field, value, named):
    with pytest.raises(ValueError, match=named):
        PromptCIR(dataclasses.replace(TINY, **{field: value}))


def test_lite_is_what_the_readme_says():
    assert sum(p.numel() for p in PromptCIR(Config.lite()).parameters()) == 2_189_242
    assert Config.lite().multiple == 32 and Config().multiple == 32


def test_overlapping_windows_equal_unfold():
    x = torch.rand(2, 16, 24, 5)
    windows = torch.nn.functional.unfold(x.permute(0, 3, 1, 2), 12, stride=8, padding=2)
    windows = windows.reshape(2, 5, 144, 6).permute(0, 3, 2, 1).reshape(-1, 144, 5)
    assert torch.equal(attention.overlapping(x, 8), windows)


def test_partition_and_roll_are_undone():
    x = torch.rand(2, 16, 24, 5)
    assert torch.equal(attention.merge(attention.partition(x, 8), 8, 16, 24), x)
    assert torch.equal(attention.roll(x, 4), torch.roll(x, (-4, -4), (1, 2)))
    assert torch.equal(attention.roll(attention.roll(x, 4), -4), x)


def test_regions_make_the_shifted_window_mask():
    region = attention.regions(torch.rand(1, 16, 16, 1), 8, 4)
    assert torch.equal(region.sum(2), torch.ones(4, 64))
    same = region @ region.transpose(1, 2)
    assert same[0].min() == 1  # a window away from the border is one region
    assert same[3].mean() == 0.25  # the corner's window holds four


def test_overlapping_index_wraps_as_the_authors():
    index = attention.overlapping_index(16)
    assert (int(index.min()), int(index.max())) == (-880, 640)


def test_space_to_depth_is_pixel_unshuffle():
    x = torch.rand(2, 3, 8, 12)
    assert torch.equal(space_to_depth(x, 2), torch.nn.functional.pixel_unshuffle(x, 2))
