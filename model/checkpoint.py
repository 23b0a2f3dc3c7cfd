"""Checkpoints: what a run needs to go on, and weights from whoever publishes them.

A run's own checkpoint is a dict with `config` (the fields of net.Config),
`ema` (averaged weights, the ones to use) and, where the run can go on exactly,
`model`, `optimizer`, `scaler` and `progress`. A compact one holds `ema` in half
precision and `progress` alone: a run that starts from it warms up anew. In the
file, what is not a tensor is JSON, because PyTorch 1.13's safe loader knows no
floats.
"""

import dataclasses
import json
import os
import pathlib

import torch

from .net import Config, PromptCIR

_WRAPPERS = ("ema", "params_ema", "params", "state_dict", "model", "net")
_FACTS = ("config", "scaler", "progress")
_COMPUTED = "relative_position_index"  # buffers that follow from the window


def save(path, content):
    """Write atomically: a crash leaves the former file."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".tmp")
    torch.save({key: json.dumps(value) if key in _FACTS else value for key, value in content.items()}, scratch)
    os.replace(scratch, path)


def load(path):
    """The dict at `path`, on the CPU; FileNotFoundError or ValueError naming the file."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{path}: not a checkpoint of plain tensors: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: holds a {type(content).__name__}, not a dict of tensors")
    return {
        key: json.loads(value) if key in _FACTS and isinstance(value, str) else value for key, value in content.items()
    }


def weights(content):
    """The state_dict in `content`, single precision: unwrapped, without `module.` and computed buffers."""
    for name in _WRAPPERS:
        if isinstance(content.get(name), dict):
            content = content[name]
            break
    found = {}
    for key, value in content.items():
        key = key[len("module.") :] if key.startswith("module.") else key
        if torch.is_tensor(value) and _COMPUTED not in key:
            found[key] = value.float()
    return found


def config_of(content, fallback=None):
    """The Config stored in `content`; else `fallback`; else the one its weights show."""
    if "config" in content:
        return Config(**content["config"])
    if fallback is not None:
        return fallback
    shapes = {key: tuple(value.shape) for key, value in weights(content).items()}
    for name in ("promptcir", "lite", "fine", "base"):
        config = Config.named(name)
        if shapes == _shapes(config):
            return config
    raise ValueError("the weights fit none of the named configurations; give --config")


def _shapes(config):
    parameters = PromptCIR(config).named_parameters()
    return {key: tuple(value.shape) for key, value in parameters}


def load_network(path, config=None):
    """PromptCIR in eval mode with the weights at `path`; ValueError naming what does not fit."""
    content = load(path)
    net = PromptCIR(config_of(content, config))
    apply(net, weights(content), path)
    return net.eval()


def apply(net, state, path):
    """Load `state` strictly, apart from the computed index buffers."""
    missing, unexpected = net.load_state_dict(state, strict=False)
    missing = [key for key in missing if _COMPUTED not in key]
    if missing or unexpected:
        raise ValueError(f"{path}: does not fit the network: lacks {missing[:3]}, has unknown {unexpected[:3]}")


def compact(content):
    """What is committed: configuration, averaged weights in half precision, progress."""
    return {
        "config": content["config"],
        "ema": {key: value.half() for key, value in weights({"ema": content["ema"]}).items()},
        "progress": content["progress"],
    }


def config_dict(config):
    """Plain values for storing: tuples become lists."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(config).items()}
