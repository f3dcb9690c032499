"""What an accelerator took of a file, and what it refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from mobilekit.runtimes.base import Session

if TYPE_CHECKING:
    from typing import Any

Precision = Literal["fp32", "fp16"]
"""The arithmetic asked of an accelerator: float32 always, or float16 where its driver can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An operator that stays behind: the ONNX value it computes (or helps to), its kind and why.

    In a file that is not ours ``operator`` is the name of its first result in the file.
    """

    operator: str
    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind} {self.operator!r}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceleration:
    """How much of a file an accelerator runs.

    ``adapter`` is the device as its driver calls it; ``emulated`` where it is software. Of
    ``operators`` (as the runtime counts them: unpacked constants are none) the accelerator runs
    ``accepted``, in ``partitions`` parts (None where the runtime does not say); the rest runs on the
    CPU. ``refused`` is what it would run under no circumstances; an accepted operator between
    refused ones may stay behind with them. ``note`` says what this does not prove.
    """

    accelerator: Literal["gpu", "npu"]
    adapter: str
    emulated: bool
    operators: int
    accepted: int
    partitions: int | None = None
    refused: tuple[Refusal, ...] = ()
    precision: Precision | None = None
    note: str = ""

    @property
    def whole(self) -> bool:
        """Whether everything runs on the accelerator."""
        return self.accepted == self.operators and not self.refused

    def summary(self) -> str:
        """One line: what runs where, and what is to blame."""
        device = f"{self.adapter} (software)" if self.emulated else self.adapter
        if self.whole:
            return f"all {self.operators} operators on {device}"
        count = self.partitions
        parts = "" if count is None else f" in {count} part{'' if count == 1 else 's'}"
        blamed = "; ".join(str(refusal) for refusal in self.refused)
        line = f"{self.accepted} of {self.operators} operators on {device}{parts}, the rest on the CPU"
        return f"{line}; it refuses {blamed}" if blamed else line

    def to_json(self) -> dict[str, Any]:
        """As it stands in a report."""
        return {
            "accelerator": self.accelerator,
            "adapter": self.adapter,
            "emulated": self.emulated,
            "whole": self.whole,
            "operators": self.operators,
            "accepted": self.accepted,
            "partitions": self.partitions,
            "refused": [{"operator": r.operator, "kind": r.kind, "reason": r.reason} for r in self.refused],
            "precision": self.precision,
            "note": self.note,
        }


class AcceleratedSession(Session, Protocol):
    """A session on an accelerator: it says what really runs there."""

    @property
    def acceleration(self) -> Acceleration:
        """What the accelerator took of the file."""


def acceleration_of(session: Session) -> Acceleration | None:
    """What an accelerator took of the opened file; None for a session that runs on none."""
    found = getattr(session, "acceleration", None)
    return found if isinstance(found, Acceleration) else None
