"""Forms: every one is made, scored and timed."""

import dataclasses

import pytest
import torch

from model import checkpoint, forms
from model.net import Config, PromptCIR

pytest.importorskip("onnx", reason="needs model/requirements.txt")
pytest.importorskip("onnxruntime", reason="needs model/requirements.txt")


def test_every_form_is_compared(tmp_path, capsys):
    config = dataclasses.replace(Config.lite(), blocks=(1, 1, 1, 1))
    torch.manual_seed(0)
    state = PromptCIR(config).eval().state_dict()
    checkpoint.save(tmp_path / "tiny.pth", {"config": checkpoint.config_dict(config), "ema": state})
    assert forms.main(["--checkpoint", str(tmp_path / "tiny.pth"), "--limit", "1", "--tile", "64"]) == 0
    rows = {line[:22].strip(): line[22:].split() for line in capsys.readouterr().out.splitlines()[1:]}
    assert {"single", "weights in half", "8-bit matrix products", "8-bit convolutions"} <= rows.keys()
    assert all(len(cells) == 6 and float(cells[4]) > 0 for cells in rows.values())
    assert float(rows["single"][1]) == 0 and abs(float(rows["weights in half"][1])) < 0.05
    sizes = {form: float(cells[5]) for form, cells in rows.items()}
    assert sizes["weights in half"] < sizes["single"]
