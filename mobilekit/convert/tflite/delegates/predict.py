"""What a delegate would take of a file, by its published list: nothing is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mobilekit.convert.tflite.delegates.constraints import obstacle, takes_types
from mobilekit.convert.tflite.delegates.mistaken import MISTAKES

if TYPE_CHECKING:
    from mobilekit.convert.tflite.delegates.operators import FileOperator
    from mobilekit.convert.tflite.delegates.published import PublishedList


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An operator of the file that stays behind: ``value`` is the ONNX value that it computes."""

    index: int
    operator: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What ``delegate`` would do with a file of so many ``operators`` (without unpacked constants).

    ``parts`` is in how many pieces the delegate would run; ``accelerated`` how many operators those
    have (of a delegate that takes the largest part only, the operators of that).
    """

    delegate: str
    operators: int
    accelerated: int
    parts: int
    refused: tuple[Refused, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing stays behind."""
        return not self.refused


def predict(operators: Sequence[FileOperator], published: PublishedList) -> Prediction:
    """Which of ``operators`` the delegate refuses by its list, and how the rest falls apart."""
    counted = [operator for operator in operators if not operator.unpacks]
    reasons = {operator.index: refusal(operator, published) for operator in counted}
    parts = partitions(counted, {index for index, reason in reasons.items() if reason is None})
    if published.takes == "the largest part":
        parts = sorted(parts, key=len)[-1:]
    return Prediction(
        delegate=published.name,
        operators=len(counted),
        accelerated=sum(len(part) for part in parts),
        parts=len(parts),
        refused=tuple(
            Refused(index=o.index, operator=o.kind, value=o.value, reason=reason)
            for o in counted
            if (reason := reasons[o.index]) is not None
        ),
    )


def refusal(operator: FileOperator, published: PublishedList) -> str | None:
    """Why the delegate refuses ``operator`` or must not have it; None where its list takes it."""
    if operator.kind in published.refused:
        return "on its list of operators that it does not take"
    listings = published.listings.get(operator.kind, ())
    if not listings:
        return "not on its list" if published.unlisted == "refused" else None
    reasons = [obstacle(operator, listing) for listing in listings]
    if None in reasons:
        mistake = MISTAKES[published.mistakes](operator) if published.mistakes else None
        return f"taken, and computed wrongly: {mistake}" if mistake else None
    of_its_types = [r for r, each in zip(reasons, listings, strict=True) if takes_types(operator, each)]
    return (of_its_types or reasons)[0]


def partitions(operators: Sequence[FileOperator], taken: set[int]) -> list[list[int]]:
    """The parts that the delegate would run, as the runtime forms them; ``operators`` in their order.

    Epoch by epoch, all operators that are ready and of the kind (taken or not) of the first ready
    one, until none of that kind is ready: then the other kind's turn.
    """
    made = {tensor.index for operator in operators for tensor in operator.outputs}
    waiting = [(o, {t.index for t in o.inputs if t is not None} & made) for o in operators]
    ready: set[int] = set()
    parts = []
    while waiting:
        kind = waiting[0][0].index in taken  # the first of those that wait needs nothing that waits
        part: list[int] = []
        left = []
        for operator, needs in waiting:
            if (operator.index in taken) == kind and needs <= ready:
                part.append(operator.index)
                ready.update(tensor.index for tensor in operator.outputs)
            else:
                left.append((operator, needs))
        waiting = left
        if kind:
            parts.append(part)
    return parts
