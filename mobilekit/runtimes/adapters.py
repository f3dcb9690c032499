"""Which GPU LiteRT's accelerator would compute on, found before it is started.

On Linux it computes through Vulkan. The driver is chosen here and named to it, because the Vulkan
loader left alone may pick one that LiteRT refuses: what the user's ``VK_DRIVER_FILES`` or
``VK_ICD_FILENAMES`` say, else the drivers of real GPUs, then SwiftShader (software, part of every
Chromium), then Mesa's lavapipe (software). Elsewhere the system has one way only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mobilekit.runtimes.isolated import environment, signal_name
from mobilekit.runtimes.vulkan import VulkanDevice

CHOSEN_BY = ("VK_DRIVER_FILES", "VK_ICD_FILENAMES")
"""The loader's variables, the stronger first; what the user says in them is never overruled."""

INSTALL = "install a GPU's Vulkan driver, or a software one: apt-get install chromium brings SwiftShader"

PROBE = (sys.executable, "-m", "mobilekit.runtimes.vulkan")

_LOADER = "libvulkan.so.1"
_PROBE_S = 30.0
_DRIVERS = (
    "/etc/vulkan/icd.d",
    "/usr/local/share/vulkan/icd.d",
    "/usr/share/vulkan/icd.d",
    "~/.local/share/vulkan/icd.d",
)
_BROWSERS = (
    "/usr/lib/chromium",
    "/usr/lib/chromium-browser",
    "/usr/lib64/chromium-browser",
    "/snap/chromium/current/usr/lib/chromium-browser",
    "/opt/google/chrome",
    "/opt/microsoft/msedge",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A device and how a process gets to it: variables to set, and the Vulkan loader to load first.

    ``float16`` is whether its shaders have 16-bit float arithmetic; None where nobody asked.
    """

    name: str
    emulated: bool
    float16: bool | None = None
    loader: str = ""
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The adapter, or why there is none."""

    adapter: Adapter | None
    reason: str = ""


def find_adapter() -> Found:
    """The adapter for this environment; found once for each value of the loader's variables."""
    return _find(sys.platform, tuple(os.environ.get(name, "") for name in CHOSEN_BY))


@cache
def _find(platform: str, given: tuple[str, ...]) -> Found:
    if platform != "linux":
        system = {"darwin": "Metal", "win32": "Direct3D"}.get(platform, platform)
        return Found(adapter=Adapter(name=f"the default {system} device", emulated=False))
    problems: list[str] = []
    for files in [()] if any(given) else list(driver_files()):
        adapter = _probed(files, problems)
        if adapter is not None:
            return Found(adapter=adapter)
    reason = "no Vulkan device here"
    if any(given):
        said = ", ".join(f"{name}={value}" for name, value in zip(CHOSEN_BY, given, strict=True) if value)
        reason = f"no Vulkan device by {said}"
    return Found(adapter=None, reason="; ".join([reason, *dict.fromkeys(problems)]))


def loaders() -> tuple[str, ...]:
    """Where the Vulkan loader may be: the system's, else the one that a browser brings."""
    browsers = [Path(folder, _LOADER) for folder in _BROWSERS]
    return (_LOADER, *(str(path) for path in browsers if path.is_file()))


def driver_files() -> Iterator[tuple[str, ...]]:
    """Manifests of Vulkan drivers to try: of all real GPUs together, then each software one alone."""
    folders = [Path(folder).expanduser() for folder in _DRIVERS]
    installed = sorted(path for folder in folders for path in folder.glob("*.json"))
    software = [path for path in installed if path.name.startswith(("lvp_", "vk_swiftshader"))]
    real = tuple(str(path) for path in installed if path not in software)
    if real:
        yield real
    browsers = [Path(folder, "vk_swiftshader_icd.json") for folder in _BROWSERS]
    for path in (*(path for path in browsers if path.is_file()), *reversed(software)):
        yield (str(path),)


def _probed(files: tuple[str, ...], problems: list[str]) -> Adapter | None:
    """The first device of these drivers (none: those that the environment names), real ones first."""
    variables = {name: os.pathsep.join(files) for name in CHOSEN_BY} if files else {}
    try:
        done = subprocess.run(
            [*PROBE, *loaders()],
            env={**environment(), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        problems.append(f"{_named(files)} did not answer within {_PROBE_S:g} s")
        return None
    if done.returncode != 0:
        if len(files) > 1:  # one of them ends the process: each for itself
            each = (_probed((file,), problems) for file in files)
            return next((adapter for adapter in each if adapter is not None), None)
        ended = signal_name(-done.returncode) if done.returncode < 0 else f"exit code {done.returncode}"
        problems.append(f"{_named(files)} fails ({ended})")
        return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if found["loader"] is None:
        problems.append(f"there is no Vulkan loader ({_LOADER})")
    devices = [VulkanDevice(**each) for each in found["devices"]]
    for device in sorted(devices, key=lambda device: device.emulated):
        return Adapter(
            name=device.name,
            emulated=device.emulated,
            float16=device.float16,
            loader=found["loader"],
            variables=variables,
        )
    return None


def _named(files: tuple[str, ...]) -> str:
    return f"the Vulkan driver of {', '.join(files)}" if files else "that Vulkan driver"
