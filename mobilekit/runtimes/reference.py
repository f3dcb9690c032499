"""What a model should compute: ONNX Runtime, or ONNX's own evaluator where ONNX Runtime has no kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mobilekit.errors import ModelError, ModelFileError, UnsupportedOperatorError, UsageError
from mobilekit.runtimes.base import ClosedOnExit
from mobilekit.runtimes.denormals import without_denormals
from mobilekit.runtimes.feeds import check_feed, check_taps
from mobilekit.runtimes.ort import OrtSession, open_graph
from mobilekit.source.definition import Definition

if TYPE_CHECKING:
    from mobilekit.runtimes.base import Session
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed


def open_reference(graph: Graph, *, spin: bool = True, as_written: bool = False) -> Session:
    """Open a graph that others are compared with; for ``spin`` see :func:`open_graph`.

    ONNX Runtime lacks kernels for some element types and attributes, and says so when it opens or first
    runs the model: then ``onnx.reference`` runs it, slowly. Where that cannot either, ONNX Runtime's error
    is raised. Denormal weights count as zero unless ``as_written``: with some of them an inference takes
    seven times as long.
    """
    return _Reference(graph if as_written else without_denormals(graph), spin=spin)


class _Reference(ClosedOnExit):
    """A session that falls back to the evaluator, at opening or at the first run."""

    def __init__(self, graph: Graph, *, spin: bool) -> None:
        self.inputs, self.outputs = graph.inputs, graph.outputs
        self._graph = graph
        self._definition: Definition | None = None
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
        self._definition = None

    def _fall_back(self, reason: ModelError | UnsupportedOperatorError) -> None:
        """From now on the evaluator runs the model. Raises ``reason`` if it knows an operator as little."""
        try:
            self._definition = Definition(self._graph.proto())
        except ModelError as error:
            raise reason from error
        self._session = None
        self.name = self._definition.name

    def _evaluated(
        self, feed: Feed, taps: Sequence[str], reason: ModelError | UnsupportedOperatorError | None
    ) -> dict[str, Array]:
        import numpy as np

        if self._definition is None:
            message = "this session is closed"
            raise UsageError(message)
        try:
            values = self._definition.run([spec.name for spec in self.outputs], feed)
        except ModelError as error:
            if reason is not None:
                raise reason from error
            raise
        pairs = zip(values, self.outputs, strict=True)
        found = {spec.name: np.asarray(value, spec.dtype.value) for value, spec in pairs}
        return found | {name: np.asarray(feed[name]) for name in taps if name in feed}
