"""Which accelerators are here: one list for doctor and the build."""

from pathlib import Path

from mobilekit.runtimes import litert_gpu, presence
from mobilekit.runtimes.adapters import Adapter, Found


def test_a_gpu_that_is_there(monkeypatch):
    """Its adapter by name, and how it is opened."""
    found = Found(adapter=Adapter(name="Soft", emulated=True))
    monkeypatch.setattr(litert_gpu, "find_adapter", lambda: found)
    (gpu,) = presence.accelerators_here(".tflite")
    assert (gpu.accelerator, gpu.opened_as, gpu.adapter) == ("gpu", "gpu", "Soft")
    assert gpu.availability.available
    assert "Soft, software" in gpu.availability.detail
    assert presence.accelerators_for(Path("a/NET.TFLITE")) == (gpu,)


def test_a_gpu_that_is_not_there(monkeypatch):
    """It is listed all the same, with what to install."""
    monkeypatch.setattr(litert_gpu, "find_adapter", lambda: Found(adapter=None, reason="no Vulkan device"))
    (gpu,) = presence.accelerators_here(".tflite")
    assert gpu.adapter is None
    assert not gpu.availability.available
    assert "no Vulkan device; install" in gpu.availability.detail


def test_files_that_no_accelerator_runs():
    """Nothing is there for them."""
    assert presence.accelerators_here(".pt") == ()
