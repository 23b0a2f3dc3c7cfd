import pytest

from model import bench


def test_eager_is_timed():
    seconds, computed = bench.eager(bench._CHECKPOINT, side=32, windows=1)
    assert seconds > 0 and computed > 0


def test_a_missing_binary_is_named(capsys):
    assert bench.main(["--binary", "bin/absent"]) == 1
    assert "bin/absent" in capsys.readouterr().err


def test_a_failing_binary_is_quoted(tmp_path):
    script = tmp_path / "burnish"
    script.write_text("#!/bin/sh\necho no such model >&2\nexit 2\n")
    script.chmod(0o755)
    with pytest.raises(ValueError, match="status 2: no such model"):
        bench.burnish(script, "lite", "1")


def test_the_classical_tool_may_be_missing(monkeypatch):
    monkeypatch.setattr(bench.shutil, "which", lambda name: None)
    assert bench.quantsmooth(64, 64) is None
