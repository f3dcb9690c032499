"""A tier's model compiled for one chip: its file beside the one for all devices, and who gets it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.artifact import digest_of_path

if TYPE_CHECKING:
    from mobilekit.compile.base import Compiled
    from mobilekit.compile.soc import SocTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class NpuVariant:
    """The file compiled for ``soc``; ``sdk`` says which of the maker's libraries compiled it."""

    soc: SocTarget
    compiled: Compiled
    sdk: str

    @property
    def path(self) -> Path:
        """Where the compiler's result is."""
        return self.compiled.path

    @property
    def file(self) -> str:
        """Its name in a tier's folder."""
        return f"model.{self.soc.model}.tflite"

    def left_behind(self) -> str:
        """What the NPU does not run, in words."""
        found = self.compiled
        names = ", ".join(f"{name} {count}" for name, count in found.remaining.items())
        return (
            f"{self.soc} leaves {found.operators - found.offloaded} of {found.operators} operators to the CPU"
            f", the rest runs in {found.partitions} partitions: {names}"
        )

    def to_manifest(self) -> dict[str, Any]:
        """What an app must know: which devices have this chip, and the file that is for them."""
        rule = self.soc.device_soc
        return {
            "file": self.file,
            "format": "tflite",
            "sha256": digest_of_path(self.path),
            "size_bytes": self.path.stat().st_size,
            "soc": str(self.soc),
            "socs": [{"manufacturers": list(rule.manufacturers), "models": list(rule.models)}],
        }

    def to_report(self) -> dict[str, Any]:
        """What compiling showed."""
        return {
            "soc": str(self.soc),
            "file": self.file,
            "sha256": digest_of_path(self.path),
            "size_bytes": self.path.stat().st_size,
            "sdk": self.sdk,
            **self.compiled.to_json(),
        }
