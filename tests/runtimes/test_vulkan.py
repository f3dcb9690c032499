"""The devices of a Vulkan driver, by the loader itself."""

import json
import subprocess
import sys

import pytest

from mobilekit.runtimes.adapters import find_adapter
from mobilekit.runtimes.isolated import environment
from mobilekit.runtimes.vulkan import devices, survey


def test_no_loader_is_an_os_error():
    """No loader is an OSError, for the parent to tell."""
    with pytest.raises(OSError, match="nowhere"):
        devices("/nowhere/libvulkan.so.1")


def test_the_first_loader_that_loads_is_told():
    """None of them is no error: there is no GPU then."""
    assert survey(["/nowhere/a.so", "/nowhere/b.so"]) == {"loader": None, "devices": []}


def test_the_device_has_a_name(monkeypatch):
    """The one that is chosen is among those of its driver."""
    adapter = find_adapter().adapter
    if adapter is None or not adapter.loader:
        pytest.skip("there is no Vulkan device here")
    command = [sys.executable, "-m", "mobilekit.runtimes.vulkan", "/nowhere/a.so", adapter.loader]
    variables = {**environment(), **adapter.variables}
    found = json.loads(subprocess.run(command, env=variables, capture_output=True, check=True).stdout)
    assert found["loader"] == adapter.loader
    assert adapter.name in [device["name"] for device in found["devices"]]
