"""Which accelerators this machine has for a kind of file: what doctor and the build ask, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mobilekit.runtimes import litert_gpu, qnn
from mobilekit.runtimes.base import Availability


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """An accelerator: what it stands for on a phone, how it is opened here, and on which device.

    ``opened_as`` is ``open_runtime``'s ``accelerator``; ``adapter`` is None where there is none.
    """

    accelerator: Literal["gpu", "npu"]
    opened_as: str
    adapter: str | None
    availability: Availability


def accelerators_here(suffix: str) -> tuple[Presence, ...]:
    """The accelerators that could run files named ``…suffix``, present or not, in a fixed order.

    Finding a GPU starts a process (a fraction of a second); the answer is kept.
    """
    probes = next((_PROBES[known] for known in _PROBES if suffix.lower().endswith(known)), ())
    return tuple(probe() for probe in probes)


def accelerators_for(path: Path) -> tuple[Presence, ...]:
    """The accelerators that could run this file."""
    return accelerators_here(path.name)


def _litert_gpu() -> Presence:
    adapter = litert_gpu.adapter()
    return Presence(
        accelerator="gpu",
        opened_as="gpu",
        adapter=adapter.name if adapter else None,
        availability=litert_gpu.availability(),
    )


def _qnn_htp() -> Presence:
    found = qnn.availability()
    return Presence(
        accelerator="npu",
        opened_as="qnn-htp",
        adapter=qnn.adapter(qnn.DEFAULT_SOC) if found.available else None,
        availability=found,
    )


# The longest suffix first where one ends another.
_PROBES: dict[str, tuple[Callable[[], Presence], ...]] = {
    ".tflite": (_litert_gpu,),
    ".onnx": (_qnn_htp,),
}
