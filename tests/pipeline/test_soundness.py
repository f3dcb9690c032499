"""A file that fails, dies, hangs or returns nonsense is an error of this build, not its end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobilekit.errors import UnsoundArtifactError, WorkerError
from mobilekit.pipeline import convert, soundness
from mobilekit.tensors import DType, TensorSpec
from tests.pipeline.support import INPUTS, write_model

OUTPUTS = (TensorSpec(name="picture", dtype=DType.FLOAT32, shape=(1, 3, 16, 16)),)
FEED = {"image": np.zeros((1, 3, 16, 16), np.float32)}


def _instead(folder: Path, monkeypatch, script: str) -> None:
    """The child is a shell script."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(soundness.sys, "executable", str(program))


def test_first_run_gives_outputs_and_times(tmp_path):
    """Outputs by ONNX name and layout, with what the runtime is called."""
    artifact = convert(write_model(tmp_path), out=tmp_path, inputs=INPUTS)
    first = soundness.run_once(artifact.path, FEED, OUTPUTS)
    assert first.outputs["picture"].shape == (1, 3, 16, 16)
    assert first.runtime.startswith("LiteRT")
    assert first.latency_ms > 0
    assert 0 < first.memory_bytes < 1 << 30


def test_file_that_is_refused(tmp_path):
    """The runtime's own reason is shown."""
    path = tmp_path / "net.tflite"
    path.write_bytes(b"12345678")
    with pytest.raises(UnsoundArtifactError, match="not a TFLite file"):
        soundness.run_once(path, FEED, OUTPUTS)


@pytest.mark.parametrize("name", ["SEGV", "ABRT", "FPE"])
def test_child_that_dies(tmp_path, monkeypatch, name):
    """The signal is named."""
    _instead(tmp_path, monkeypatch, f"kill -{name} $$")
    with pytest.raises(UnsoundArtifactError, match=f"SIG{name}"):
        soundness.run_once(tmp_path / "net.tflite", FEED, OUTPUTS)


def test_child_that_ends_without_an_answer(tmp_path, monkeypatch):
    """An exit code of 0 is not enough."""
    _instead(tmp_path, monkeypatch, "exit 0")
    with pytest.raises(UnsoundArtifactError, match="no message"):
        soundness.run_once(tmp_path / "net.tflite", FEED, OUTPUTS)


def test_child_that_hangs(tmp_path, monkeypatch):
    """It is ended, and the error is about this machine."""
    _instead(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(soundness, "_TIMEOUT_S", 0.2)
    with pytest.raises(WorkerError, match="more than"):
        soundness.run_once(tmp_path / "net.tflite", FEED, OUTPUTS)
