"""Training: a run that stops and goes on equals one that does not; files as documented."""

import dataclasses

import numpy as np
import pytest
import torch

from model import checkpoint, train
from model.net import Config, PromptCIR
from model.trainer import Progress, Trainer

SMALL_RUN = ["--batch", "2", "--patch", "32", "--workers", "0", "--threads", "1", "--warmup", "3", "--device", "cpu"]


@pytest.fixture
def tiny(monkeypatch):
    config = dataclasses.replace(Config.lite(), blocks=(1, 1, 1, 1))
    monkeypatch.setattr(Config, "named", classmethod(lambda cls, name: config))


def run(folder, *options):
    assert train.main([*SMALL_RUN, "--out", str(folder), *options]) == 0
    return checkpoint.load(folder / "last.pth")


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_resumed_run_is_exact(tiny, tmp_path, monkeypatch, optimizer):
    options = ["--steps", "10", "--optimizer", optimizer]
    whole = run(tmp_path / "whole", *options)
    with monkeypatch.context() as patch:
        patch.setattr(train.Trainer, "finished", lambda self: self.progress.step >= 5)
        run(tmp_path / "halves", *options)
    halves = run(tmp_path / "halves", *options)
    assert halves["progress"]["step"] == 10 and halves["progress"]["seen"] == 20
    for part in ("model", "ema"):
        assert all(torch.equal(value, halves[part][key]) for key, value in whole[part].items())


def test_a_run_goes_on_with_the_other_optimizer(tiny, tmp_path):
    run(tmp_path, "--steps", "2", "--optimizer", "adamw")
    assert run(tmp_path, "--steps", "4", "--optimizer", "muon")["progress"]["step"] == 4
    assert run(tmp_path, "--steps", "6", "--optimizer", "adamw")["progress"]["step"] == 6


def test_log_and_compact_checkpoint(tiny, tmp_path, capsys):
    content = run(tmp_path, "--steps", "2")
    assert "step 2" in (tmp_path / "log.txt").read_text(encoding="utf-8")
    small = checkpoint.compact(content)
    checkpoint.save(tmp_path / "small.pth", small)
    assert set(small) == {"config", "ema", "progress"}
    again = run(tmp_path / "again", "--steps", "1", "--init", str(tmp_path / "small.pth"))
    assert again["progress"]["step"] == 1


@pytest.mark.parametrize(
    "options, said",
    [
        (["--patch", "40"], "patch: 40"),
        (["--data", "nowhere"], "nowhere/manifest.tsv"),
        (["--init", "nowhere.pth"], "nowhere.pth"),
        (["--precision", "fp16"], "precision: fp16"),
    ],
)
def test_faults_are_one_line(tiny, tmp_path, capsys, options, said):
    assert train.main([*SMALL_RUN, "--steps", "1", "--out", str(tmp_path), *options]) == 1
    assert said in capsys.readouterr().err


def test_validation_covers_every_condition(tiny):
    image = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    table = train.validate(PromptCIR(Config.named("lite")).eval(), {"noise": image})
    assert list(table) == list(train.CONDITIONS)
    assert np.isinf(table.pop("clean")[0])
    assert all(5 < before < 40 and 5 < after < 40 for before, after in table.values())


def _rates(steps, cooldown, warmup=2):
    args = train.parser().parse_args(["--steps", str(steps), "--cooldown", str(cooldown), "--warmup", str(warmup)])
    run = Trainer.__new__(Trainer)
    run.args, run.progress = args, Progress()
    for run.progress.step in range(steps):
        yield run.rate()


def test_rate_warms_up_stays_and_cools_down():
    rates = list(_rates(20, 8))
    assert rates[0] == 0.5e-3 and set(rates[1:12]) == {1e-3}
    assert all(a > b for a, b in zip(rates[12:], rates[13:])) and rates[-1] < 1e-4
    assert rates[:12] == list(_rates(60, 8))[:12]


def test_a_sitting_ends_and_the_run_goes_on(tiny, tmp_path):
    first = run(tmp_path, "--steps", "4", "--sitting", "0")
    assert first["progress"]["step"] == 0
    assert run(tmp_path, "--steps", "4")["progress"]["step"] == 4


def test_two_processes_train_as_one(tmp_path):
    torch.set_num_threads(1)
    one = run(tmp_path / "one", "--steps", "2")
    two = run(tmp_path / "two", "--steps", "2", "--processes", "2")
    assert two["progress"]["seen"] == 4
    for key, value in one["ema"].items():
        if value.is_floating_point():
            assert torch.allclose(value, two["ema"][key], atol=2e-3), key
