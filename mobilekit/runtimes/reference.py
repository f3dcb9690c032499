"""What a model should compute: ONNX Runtime, or ONNX's own evaluator where ONNX Runtime has no kernel."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mobilekit.errors import ModelError, ModelFileError, UnsupportedOperatorError
from mobilekit.runtimes.feeds import check_feed, check_taps
from mobilekit.runtimes.ort import OrtSession, open_graph

if TYPE_CHECKING:
    from mobilekit.runtimes.base import Session
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed


def open_reference(graph: Graph, *, spin: bool = True) -> Session:
    """Open a graph that others are compared with; for ``spin`` see :func:`open_graph`.

    ONNX Runtime lacks kernels for some element types and attributes, and says so when it opens or first
    runs the model: then ``onnx.reference`` runs it, slowly. Where that cannot either, ONNX Runtime's error
    is raised.
    """
    return _Reference(graph, spin=spin)


class _Reference:
    """A session that falls back to the evaluator, at opening or at the first run."""

    def __init__(self, graph: Graph, *, spin: bool) -> None:
        self.inputs, self.outputs = graph.inputs, graph.outputs
        self._graph = graph
        self._evaluator: Any = None
        self._session: OrtSession | None = None
        try:
            self._session = open_graph(graph, spin=spin)
            self.name = self._session.name
        except (UnsupportedOperatorError, ModelFileError) as error:
            self._fall_back(error)

    def run(self, feed: Feed, *, taps: Sequence[str] = ()) -> dict[str, Array]:
        """Outputs. See :class:`Session`."""
        check_feed(feed, self.inputs, where=self.name)
        check_taps(taps, {spec.name for spec in (*self.inputs, *self.outputs)}, where=self.name)
        if self._session is not None:
            try:
                return self._session.run(feed, taps=taps)
            except ModelError as error:
                failed = error
            self._fall_back(failed)
            return self._evaluated(feed, taps, failed)
        return self._evaluated(feed, taps, None)

    def close(self) -> None:
        """Free the session's memory."""
        if self._session is not None:
            self._session.close()
        self._evaluator = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fall_back(self, reason: ModelError | UnsupportedOperatorError) -> None:
        """From now on the evaluator runs the model. Raises ``reason`` if it knows an operator as little."""
        import onnx
        from onnx.reference import ReferenceEvaluator

        try:
            self._evaluator = ReferenceEvaluator(self._graph.proto())
        except Exception as error:  # its errors have no common base
            raise reason from error
        self._session = None
        self.name = f"ONNX {onnx.__version__} reference evaluator"

    def _evaluated(
        self, feed: Feed, taps: Sequence[str], reason: ModelError | UnsupportedOperatorError | None
    ) -> dict[str, Array]:
        import warnings

        import numpy as np

        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                values = self._evaluator.run([spec.name for spec in self.outputs], dict(feed))
        except Exception as error:  # its errors have no common base
            if reason is not None:
                raise reason from error
            message = f"{self.name} cannot run the model: {type(error).__name__}: {error}"
            raise ModelError(message) from error
        arrays = (np.asarray(v, spec.dtype.value) for v, spec in zip(values, self.outputs, strict=True))
        found = dict(zip((spec.name for spec in self.outputs), arrays, strict=True))
        return found | {name: np.asarray(feed[name]) for name in taps if name in feed}
