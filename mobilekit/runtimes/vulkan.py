"""The Vulkan devices of a driver: ``python -m mobilekit.runtimes.vulkan LOADER…`` asks a Vulkan loader.

The drivers are those that ``VK_DRIVER_FILES`` (or ``VK_ICD_FILENAMES``) names; the answer is a line of
JSON. It is a program of its own because a broken driver can end the process that loads it.
Structures and numbers: the Vulkan specification 1.3, vulkan_core.h.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import struct
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

_APPLICATION_INFO, _INSTANCE_CREATE_INFO = 0, 1
_FEATURES_2, _FLOAT16_INT8_FEATURES = 1000059000, 1000082000
_API_1_1 = (1 << 22) | (1 << 12)
_CPU = 4  # VK_PHYSICAL_DEVICE_TYPE_CPU: a software device
_PROPERTIES_BYTES = 4096  # VkPhysicalDeviceProperties has 824; the rest is never written
_NAME = slice(20, 276)


@dataclass(frozen=True, slots=True, kw_only=True)
class VulkanDevice:
    """A device by its driver's name; ``emulated`` in software, with 16-bit float arithmetic or not."""

    name: str
    emulated: bool
    float16: bool


class _ApplicationInfo(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("version", ctypes.c_uint32),
        ("engine", ctypes.c_char_p),
        ("engine_version", ctypes.c_uint32),
        ("api", ctypes.c_uint32),
    )


class _InstanceInfo(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("flags", ctypes.c_uint32),
        ("application", ctypes.POINTER(_ApplicationInfo)),
        ("layers", ctypes.c_uint32),
        ("layer_names", ctypes.c_void_p),
        ("extensions", ctypes.c_uint32),
        ("extension_names", ctypes.c_void_p),
    )


class _Float16Features(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("float16", ctypes.c_uint32),
        ("int8", ctypes.c_uint32),
    )


class _Features(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("features", ctypes.c_uint32 * 55),
    )


def devices(loader: str) -> tuple[VulkanDevice, ...]:
    """The devices that the Vulkan loader at ``loader`` finds; none where its drivers have none.

    Raises OSError if there is no such library.
    """
    vulkan = ctypes.CDLL(loader)
    application = _ApplicationInfo(type=_APPLICATION_INFO, api=_API_1_1)
    info = _InstanceInfo(type=_INSTANCE_CREATE_INFO, application=ctypes.pointer(application))
    instance = ctypes.c_void_p()
    if vulkan.vkCreateInstance(ctypes.byref(info), None, ctypes.byref(instance)) != 0:
        return ()  # no driver among those named, or none that works
    count = ctypes.c_uint32()
    if vulkan.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), None) != 0:
        return ()
    handles = (ctypes.c_void_p * count.value)()
    vulkan.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), handles)
    return tuple(_device(vulkan, ctypes.c_void_p(handle)) for handle in handles[: count.value])


def _device(vulkan: Any, handle: ctypes.c_void_p) -> VulkanDevice:
    properties = ctypes.create_string_buffer(_PROPERTIES_BYTES)
    vulkan.vkGetPhysicalDeviceProperties(handle, properties)
    float16 = _Float16Features(type=_FLOAT16_INT8_FEATURES)
    features = _Features(type=_FEATURES_2, next=ctypes.addressof(float16))
    vulkan.vkGetPhysicalDeviceFeatures2(handle, ctypes.byref(features))
    (kind,) = struct.unpack_from("=I", properties.raw, 16)
    name = properties.raw[_NAME].split(b"\0")[0].decode(errors="replace")
    return VulkanDevice(name=name, emulated=kind == _CPU, float16=bool(float16.float16))


def survey(loaders: Sequence[str]) -> dict[str, Any]:
    """``loader``: the first of ``loaders`` that can be loaded, or None; ``devices``: what it finds."""
    for loader in loaders:
        with contextlib.suppress(OSError):
            return {"loader": loader, "devices": [asdict(device) for device in devices(loader)]}
    return {"loader": None, "devices": []}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(survey(sys.argv[1:])) + "\n")
