"""mobilekit doctor: what was tried, and what came of it."""

from __future__ import annotations

import json

import pytest

from mobilekit import doctor


def test_this_machine_works(cli):
    """Both runtimes execute a model here; --json is all of stdout."""
    done = cli("doctor", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    for name in (
        "onnxruntime executes a model",
        "litert executes a model",
        "core ml packages are evaluated",
        "store",
        "numpy",
    ):
        assert findings[name]["status"] == "ok", findings[name]
    assert findings["onnx2tf"]["status"] in ("ok", "absent")
    assert findings["gpu executes .tflite files"]["status"] in ("ok", "absent")


def test_a_missing_gpu_says_what_to_install(monkeypatch):
    """No GPU is no defect: absent, with the package that brings a software one."""
    from mobilekit.runtimes import litert_gpu
    from mobilekit.runtimes.adapters import Found

    monkeypatch.setattr(
        litert_gpu, "find_adapter", lambda: Found(adapter=None, reason="no Vulkan device here")
    )
    found = {finding.name: finding for finding in doctor._accelerators()}["gpu executes .tflite files"]
    assert found.status == "absent"
    assert "no Vulkan device here" in found.detail
    assert "apt-get install chromium" in found.detail


def test_a_broken_gpu_is_broken(monkeypatch):
    """A GPU that is there and fails is said to be broken, with the reason."""
    from mobilekit.errors import AcceleratorError
    from mobilekit.runtimes import litert_gpu
    from mobilekit.runtimes.adapters import Adapter, Found

    def fail(*args, **keywords):
        message = "Stub crashed (SIGABRT)"
        raise AcceleratorError(message)

    stub = Found(adapter=Adapter(name="Stub", emulated=True))
    monkeypatch.setattr(litert_gpu, "find_adapter", lambda: stub)
    monkeypatch.setattr(litert_gpu, "open_tflite_gpu", fail)
    found = {finding.name: finding for finding in doctor._accelerators()}["gpu executes .tflite files"]
    assert (found.status, found.detail) == ("broken", "AcceleratorError: Stub crashed (SIGABRT)")


def test_text(cli):
    """For people: a line per finding."""
    done = cli("doctor")
    assert any(line.startswith("onnxruntime executes a model") for line in done.stdout.splitlines())


def test_broken_is_said(monkeypatch):
    """A runtime that fails is broken, with the reason; a missing library too, unless optional."""

    def fail() -> str:
        message = "no such symbol"
        raise ImportError(message)

    assert doctor._tried("x", fail) == doctor.Finding(
        name="x", status="broken", detail="ImportError: no such symbol"
    )
    assert doctor._library("surely-not-installed", optional=False).status == "broken"
    assert doctor._library("surely-not-installed", optional=True).status == "absent"


def test_the_missing_fallback_says_how(monkeypatch):
    """What is absent of the fallback comes with the command and the other way; other libraries without."""
    monkeypatch.setattr(doctor, "_version", lambda name: None)
    detail = doctor._library("onnx2tf", optional=True).detail
    assert "pip install '.[onnx2tf]'" in detail
    assert "--fallback onnx2tf:/path/to/python" in detail
    assert doctor._library("numpy", optional=False).detail == "not installed"


def test_broken_is_an_exit_code(monkeypatch, capsys):
    """Scripts see it too."""
    from mobilekit.cli.doctor import doctor as command
    from mobilekit.errors import EnvironmentProblem

    broken = doctor.Finding(name="litert", status="broken", detail="why")
    monkeypatch.setattr(doctor, "examine", lambda: (broken,))
    with pytest.raises(EnvironmentProblem, match="litert"):
        command(as_json=False)
    assert "why" in capsys.readouterr().out


def test_every_dependency_is_reported():
    """The report lists what pyproject.toml depends on."""
    import re
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {re.match(r"[A-Za-z0-9-]+", r)[0] for r in project["project"]["dependencies"]}
    assert asked == set(doctor.CORE)
