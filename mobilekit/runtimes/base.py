"""What every runtime offers: open an artifact, run it on ONNX names, layouts, shapes and dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from mobilekit.tensors import Array, Feed, TensorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether a runtime works on this machine; ``detail`` says which version, or what to install."""

    available: bool
    detail: str


class Session(Protocol):
    """An opened artifact. ``name`` says what really executes it, for reports."""

    @property
    def name(self) -> str:
        """What executes it, for reports."""

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The inputs, as the ONNX model has them."""

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The outputs, as the ONNX model has them."""

    def run(self, feed: Feed, *, taps: Sequence[str] = ()) -> dict[str, Array]:
        """Outputs (and tapped ONNX values) by ONNX name, in ONNX layout, shape and dtype.

        Raises InputDataError if ``feed`` does not match ``inputs`` in names, shapes and dtypes.
        """
        ...

    def close(self) -> None:
        """Free the runtime's memory."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ClosedOnExit:
    """The ``with`` statement of a session: leaving it closes."""

    def close(self) -> None:
        """Free what the session holds."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
