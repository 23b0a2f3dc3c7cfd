"""PromptCIR: blind restoration of compressed images with prompt learning.

Li et al., "PromptCIR: Blind Compressed Image Restoration with Prompt
Learning", NTIRE 2024. `Config()` is the paper's network, and its state_dict has
the keys and shapes of the authors' checkpoint. `Config.lite()` is a compact
member of the same family. Tensors are B x 3 x H x W RGB in [0, 1]; H and W are
multiples of `Config.multiple`, and nothing here pads or clamps.
"""

import dataclasses
import math

import torch
from torch import nn

from .attention import overlapping_index, relative_index
from .blocks import RHAG, TransformerBlock, TransformerStage
from .prompt import DynamicPrompt, StaticPrompt


@dataclasses.dataclass(frozen=True)
class Config:
    """Shape of the network; raises ValueError, naming the field, where it cannot be built."""

    dim: int = 48  # channels at full resolution; doubles at each of four levels
    blocks: tuple = (4, 6, 6, 8)  # depth of each level
    heads: tuple = (1, 2, 4, 8)
    refinement: int = 4
    window: int = 16  # attention window of levels 1 and 2, px of their feature map
    unshuffle: int = 1  # space-to-depth factor around the network; 1: none, as in the paper
    stages: str = "rhag"  # levels 1 and 2: "rhag" or "transformer" (Table 4's ablation)
    prompt: str = "dynamic"  # "dynamic", "promptir" or "none" (Table 4's ablation)
    prompt_dims: tuple = (64, 128, 320)  # at 1/2, 1/4, 1/8
    prompt_bases: tuple = (64, 32, 16)  # dynamic: bases; promptir: side of the prompt map
    prompt_tasks: int = 7  # dynamic: tasks; promptir: prompts to choose from
    prompt_heads: int = 4
    ffn_expansion: float = 2.66
    ffn_multiple: int = 1  # hidden widths are rounded to a multiple of this; 1: cut, as in the paper
    compress: int = 3
    squeeze: int = 16

    def __post_init__(self):
        for name, count in (("blocks", 4), ("heads", 4), ("prompt_dims", 3), ("prompt_bases", 3)):
            value = tuple(getattr(self, name))
            if len(value) != count or min(value) < 1:
                raise ValueError(f"{name}: {value!r} must hold {count} positive numbers")
            object.__setattr__(self, name, value)
        for name, allowed in (("stages", ("rhag", "transformer")), ("prompt", ("dynamic", "promptir", "none"))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}: {getattr(self, name)!r} is none of {', '.join(allowed)}")
        for name in ("dim", "window"):
            if getattr(self, name) < 4 or getattr(self, name) % 4:
                raise ValueError(f"{name}: {getattr(self, name)} must be a multiple of 4")
        for level, heads in enumerate(self.heads):
            if self.dim * 2**level % heads:
                raise ValueError(
                    f"heads: {heads} do not divide the {self.dim * 2**level} channels of level {level + 1}"
                )
        if 2 * self.dim % self.heads[0]:
            raise ValueError(f"heads: {self.heads[0]} do not divide decoder 1's {2 * self.dim} channels")

    @classmethod
    def lite(cls):
        """2.19 M parameters, 63 kMAC per pixel: made for CPUs."""
        return cls(
            dim=16, blocks=(2, 2, 2, 2), refinement=1, window=8, unshuffle=2,
            prompt_dims=(16, 48, 112), ffn_multiple=16, compress=2,
        )  # fmt: skip

    @classmethod
    def fine(cls):
        """4.06 M parameters, 112 kMAC per pixel: `lite` as deep as the paper's network, grown from it (grow.py)."""
        return dataclasses.replace(cls.lite(), blocks=(4, 4, 6, 8), refinement=4)

    @classmethod
    def named(cls, name):
        """`promptcir` (the paper's), `lite`, `fine` or `base`; ValueError otherwise."""
        family = {
            "promptcir": cls(),
            "lite": cls.lite(),
            "fine": cls.fine(),
            "base": dataclasses.replace(cls.lite(), dim=32, prompt_dims=(48, 80, 208), compress=4),
        }
        if name not in family:
            raise ValueError(f"config: {name!r} is none of {', '.join(family)}")
        return family[name]

    @property
    def multiple(self):
        """H and W of an image must be multiples of this many px."""
        return self.unshuffle * (math.lcm(8, 2 * self.window) if self.stages == "rhag" else 8)

    def hidden(self, dim):
        """Width of a GDFN for `dim` channels."""
        width = int(dim * self.ffn_expansion)
        if self.ffn_multiple == 1:
            return width
        return max(1, (width + self.ffn_multiple // 2) // self.ffn_multiple) * self.ffn_multiple


def space_to_depth(x, factor):
    """B x C x H x W to B x C*f*f x H/f x W/f, in torch.pixel_unshuffle's order."""
    b, c, h, w = x.shape
    x = x.reshape(b, c, h // factor, factor, w // factor, factor).permute(0, 1, 3, 5, 2, 4)
    return x.reshape(b, c * factor * factor, h // factor, w // factor)


class _PatchEmbed(nn.Module):
    def __init__(self, channels, dim):
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, 3, padding=1, bias=False)

    def forward(self, x):
        return self.proj(x)


class Downsample(nn.Module):
    """Halves H and W, doubles C."""

    def __init__(self, dim):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(dim, dim // 2, 3, padding=1, bias=False))

    def forward(self, x):
        return space_to_depth(self.body(x), 2)


class Upsample(nn.Module):
    """Doubles H and W, halves C."""

    def __init__(self, dim):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(dim, 2 * dim, 3, padding=1, bias=False), nn.PixelShuffle(2))

    def forward(self, x):
        return self.body(x)


class PromptCIR(nn.Module):
    """The whole network (the paper's Figure 2): output = input + learned residual."""

    def __init__(self, config=Config()):
        super().__init__()
        self.config = config
        c, d = config, config.dim
        self.patch_embed_input = _PatchEmbed(3 * c.unshuffle**2, d)
        if c.stages == "rhag":
            self.register_buffer("relative_position_index_SA", relative_index(c.window))
            self.register_buffer("relative_position_index_OCA", overlapping_index(c.window))

        self.encoder_level1 = self._stage(d, 0)
        self.down1_2 = Downsample(d)
        self.encoder_level2 = self._stage(2 * d, 1)
        self.down2_3 = Downsample(2 * d)
        self.encoder_level3 = self._transformers(4 * d, 2)
        self.down3_4 = Downsample(4 * d)
        self.latent = self._transformers(8 * d, 3)

        self._interaction(3, 8 * d, 4 * d)
        self.up4_3 = Upsample(4 * d)
        self.reduce_chan_level3 = nn.Conv2d(6 * d, 4 * d, 1, bias=False)
        self.decoder_level3 = self._transformers(4 * d, 2)
        self._interaction(2, 4 * d, 4 * d)
        self.up3_2 = Upsample(4 * d)
        self.reduce_chan_level2 = nn.Conv2d(4 * d, 2 * d, 1, bias=False)
        self.decoder_level2 = self._stage(2 * d, 1)
        self._interaction(1, 2 * d, 2 * d)
        self.up2_1 = Upsample(2 * d)
        self.decoder_level1 = self._stage(2 * d, 0)
        self.refinement = TransformerStage(2 * d, c.refinement, c.heads[0], c.hidden(2 * d))
        self.output = nn.Conv2d(2 * d, 3 * c.unshuffle**2, 3, padding=1, bias=False)

    def _transformers(self, dim, level):
        c = self.config
        return TransformerStage(dim, c.blocks[level], c.heads[level], c.hidden(dim))

    def _stage(self, dim, level):
        c = self.config
        if c.stages == "transformer":
            return self._transformers(dim, level)
        return RHAG(dim, c.blocks[level], c.heads[level], c.hidden(dim), c.window, c.compress, c.squeeze)

    def _interaction(self, level, dim, out):
        """Prompt and prompt-interaction block of a level (section 3.1), then 1x1 reduction to `out`."""
        c, wide = self.config, dim
        if c.prompt != "none":
            bases, prompt_dim = c.prompt_bases[level - 1], c.prompt_dims[level - 1]
            kind = DynamicPrompt if c.prompt == "dynamic" else StaticPrompt
            wide = dim + prompt_dim
            if wide % c.prompt_heads:
                raise ValueError(
                    f"prompt_dims: {wide} channels at level {level} do not divide by {c.prompt_heads} heads"
                )
            setattr(self, f"prompt{level}", kind(dim, c.prompt_tasks, bases, prompt_dim))
            setattr(self, f"noise_level{level}", TransformerBlock(wide, c.prompt_heads, c.hidden(wide)))
        setattr(self, f"reduce_noise_level{level}", nn.Conv2d(wide, out, 1, bias=False))

    def _interact(self, level, x):
        if self.config.prompt != "none":
            x = torch.cat([x, getattr(self, f"prompt{level}")(x)], dim=1)
            x = getattr(self, f"noise_level{level}")(x)
        return getattr(self, f"reduce_noise_level{level}")(x)

    def forward(self, image):
        """B x 3 x H x W in [0, 1] to the same; not clamped."""
        index = getattr(self, "relative_position_index_SA", None)
        overlap = getattr(self, "relative_position_index_OCA", None)
        factor = self.config.unshuffle
        x = space_to_depth(image, factor) if factor > 1 else image

        level1 = self.encoder_level1(self.patch_embed_input(x), index, overlap)
        level2 = self.encoder_level2(self.down1_2(level1), index, overlap)
        level3 = self.encoder_level3(self.down2_3(level2))
        x = self.latent(self.down3_4(level3))

        x = self.up4_3(self._interact(3, x))
        x = self.decoder_level3(self.reduce_chan_level3(torch.cat([x, level3], dim=1)))
        x = self.up3_2(self._interact(2, x))
        x = self.decoder_level2(self.reduce_chan_level2(torch.cat([x, level2], dim=1)), index, overlap)
        x = self.up2_1(self._interact(1, x))
        x = self.decoder_level1(torch.cat([x, level1], dim=1), index, overlap)

        x = self.output(self.refinement(x))
        if factor > 1:
            x = nn.functional.pixel_shuffle(x, factor)
        return x + image
