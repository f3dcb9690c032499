"""The chips that files are compiled for, as users write them: ``qualcomm:SM8650,qualcomm:SM8750``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from mobilekit.compile.google import GOOGLE
from mobilekit.compile.mediatek import MEDIATEK
from mobilekit.compile.qualcomm import QUALCOMM
from mobilekit.errors import UsageError

if TYPE_CHECKING:
    from mobilekit.compile.base import Vendor
    from mobilekit.tier import Soc

VENDORS = MappingProxyType({vendor.name: vendor for vendor in (QUALCOMM, MEDIATEK, GOOGLE)})


@dataclass(frozen=True, slots=True, kw_only=True)
class SocTarget:
    """One chip of a vendor."""

    vendor: str
    model: str

    @classmethod
    def parse(cls, text: str) -> SocTarget:
        """The chip that ``vendor:MODEL`` names; case does not count. Raises UsageError for another."""
        name, colon, model = (part.strip() for part in text.partition(":"))
        vendor = VENDORS.get(name.lower())
        if vendor is None or not colon:
            message = f"no chip is called {text!r}: VENDOR:MODEL expected, such as qualcomm:SM8650"
            raise UsageError(message, hint=f"vendors are: {', '.join(VENDORS)}")
        spelled = {known.lower(): known for known in vendor.models}
        found = spelled.get(model.replace(" ", "_").lower())
        if found is None:
            message = f"{vendor.title}'s compiler in LiteRT knows no chip {model!r}"
            raise UsageError(message, hint=f"its chips are: {', '.join(vendor.models)}")
        return cls(vendor=vendor.name, model=found)

    @property
    def maker(self) -> Vendor:
        """The vendor of the chip."""
        return VENDORS[self.vendor]

    @property
    def device_soc(self) -> Soc:
        """The rule that devices with this chip satisfy."""
        return self.maker.device_soc(self.model)

    def __str__(self) -> str:
        return f"{self.vendor}:{self.model}"


def parse_socs(said: str | Sequence[str] | None) -> tuple[SocTarget, ...]:
    """The chips of a comma-separated text, or of several; each once. Raises UsageError."""
    texts = said.split(",") if isinstance(said, str) else list(said or ())
    found = dict.fromkeys(SocTarget.parse(text) for text in texts)
    return tuple(found)
