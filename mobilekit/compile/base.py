"""A maker of NPUs, what its compiler needs, and what compiling gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mobilekit.tier import Soc


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A maker of chips whose NPU compiler comes with LiteRT as a plugin, without the maker's libraries.

    ``models`` are the chips that the plugin of LiteRT 2.3.0 compiles for, ``backend`` its module in
    ``ai_edge_litert.aot.vendors``. ``package`` brings the libraries, ``module`` is what it is imported
    as; ``variable`` names a folder with them instead. ``needs`` are files that such a folder must
    have; each file of ``unused`` is linked to and never called, and where it is missing a link to the
    other file named takes its place. ``manufacturers`` is how devices spell the maker.
    """

    name: str
    title: str
    backend: str
    models: tuple[str, ...]
    package: str
    module: str
    variable: str
    manufacturers: tuple[str, ...]
    needs: tuple[str, ...] = ()
    unused: Mapping[str, str] = field(default_factory=dict)

    def device_soc(self, model: str) -> Soc:
        """The rule that devices with the chip satisfy; devices write blanks where compilers write ``_``."""
        return Soc(manufacturers=self.manufacturers, models=(model.replace("_", " "),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A file compiled for one chip.

    Of ``operators`` (as the compiler counts them) the NPU runs ``offloaded``, in ``partitions``
    parts; ``remaining`` counts by name what stays for the CPU. ``stable`` says whether the same
    call writes the same bytes again (decision 0039).
    """

    path: Path
    operators: int
    offloaded: int
    partitions: int
    stable: bool
    remaining: Mapping[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing is left for the CPU."""
        return self.offloaded == self.operators

    def to_json(self) -> dict[str, Any]:
        """As it stands in a report."""
        return {
            "operators": self.operators,
            "offloaded": self.offloaded,
            "partitions": self.partitions,
            "whole": self.whole,
            "stable": self.stable,
            "remaining": dict(self.remaining),
        }
