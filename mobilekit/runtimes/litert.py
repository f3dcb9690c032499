"""LiteRT on the CPU: .tflite files, spoken to in the ONNX model's names, layouts and types."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.errors import ModelFileError, UnsoundArtifactError, UnsupportedOperatorError, UsageError
from mobilekit.runtimes.base import Availability, ClosedOnExit
from mobilekit.runtimes.feeds import check_feed, check_taps
from mobilekit.runtimes.tflite_file import TfliteTensor, read_border
from mobilekit.runtimes.tflite_values import from_file, to_file

if TYPE_CHECKING:
    from mobilekit.tensors import Array, Feed

_MOST_THREADS = 4  # more gain nothing on the big cores of a phone, nor here
_NO_KERNEL = re.compile(r"Didn't find op|unresolved custom op|Select TensorFlow op|[Uu]nsupported")


def availability() -> Availability:
    """Whether LiteRT can be imported here, and its version."""
    try:
        import ai_edge_litert.interpreter
    except ImportError as error:
        return Availability(available=False, detail=f"{error}; pip install ai-edge-litert")
    return Availability(available=True, detail=f"LiteRT {ai_edge_litert.__version__}")


class LitertSession(ClosedOnExit):
    """A .tflite file in LiteRT; open one with :func:`open_tflite`."""

    def __init__(self, path: Path, *, threads: int | None = None, preserve_all: bool = False) -> None:
        self._path, self._threads = path, threads
        border = read_border(path)
        self._inputs, self._outputs = border.inputs, border.outputs
        self._taps = {t.spec.name: t for t in (*border.inputs, *border.outputs)}
        self._taps = {**border.tensors, **self._taps}
        self.inputs = tuple(t.spec for t in border.inputs)
        self.outputs = tuple(t.spec for t in border.outputs)
        self._preserves_all = preserve_all
        self._interpreter: Any = _interpreter(path, threads=threads, preserve_all=preserve_all)
        self._details = self._tensor_details()
        self.name = f"LiteRT {_version()} CPU (XNNPACK)"

    def run(self, feed: Feed, *, taps: Sequence[str] = ()) -> dict[str, Array]:
        """Outputs and tapped ONNX values, in ONNX layout and type. See :class:`Session`.

        The first run with taps opens the file again with every tensor kept, which is slower.
        Raises UnsoundArtifactError if LiteRT fails while executing the file.
        """
        if self._interpreter is None:
            message = "this session is closed"
            raise UsageError(message)
        check_feed(feed, self.inputs, where=str(self._path))
        check_taps(taps, set(self._taps), where=str(self._path))
        self._invoke(feed, keep=bool(taps))
        wanted = {t.spec.name: t for t in self._outputs} | {name: self._taps[name] for name in taps}
        return {name: self._value(tensor) for name, tensor in wanted.items()}

    def run_stored(self, feed: Feed, indices: Iterable[int]) -> dict[int, Array]:
        """The file's own tensors of these ``indices`` after a run: in its layouts, integers as they are."""
        check_feed(feed, self.inputs, where=str(self._path))
        self._invoke(feed, keep=True)
        with _typed_errors(self._path):
            return {index: self._interpreter.get_tensor(index) for index in indices}

    def _invoke(self, feed: Feed, *, keep: bool) -> None:
        """Execute; with ``keep`` every tensor can be read afterwards."""
        if keep and not self._preserves_all:
            self._interpreter = _interpreter(self._path, threads=self._threads, preserve_all=True)
            self._details, self._preserves_all = self._tensor_details(), True
        for tensor in self._inputs:
            value = to_file(feed[tensor.spec.name], tensor, self._details[tensor.index])
            self._interpreter.set_tensor(tensor.index, value)
        with _typed_errors(self._path):
            self._interpreter.invoke()

    def close(self) -> None:
        """Free the interpreter's memory."""
        self._interpreter = None

    def _value(self, tensor: TfliteTensor) -> Array:
        with _typed_errors(self._path):
            value = self._interpreter.get_tensor(tensor.index)
        return from_file(value.reshape(_shape_in_file(tensor)), tensor, self._details[tensor.index])

    def _tensor_details(self) -> Mapping[int, Any]:
        """LiteRT's own account of each tensor; it must agree with the metadata on shapes."""
        details = {int(d["index"]): d for d in self._interpreter.get_tensor_details()}
        for tensor in self._taps.values():
            expected = _shape_in_file(tensor)
            found = details.get(tensor.index)
            got = "no such tensor" if found is None else [int(size) for size in found["shape"]]
            # Some kernels (ROUND in 2.3.0) answer a scalar with a vector of one element.
            if got not in (expected, expected or [1]):
                message = f"{self._path}: tensor {tensor.index} ({tensor.spec.name!r}): "
                message += f"got shape {got}, expected {expected} by the file's metadata"
                raise ModelFileError(message, hint="the file was changed after mobilekit wrote it")
        return details


def _shape_in_file(tensor: TfliteTensor) -> list[int]:
    return [tensor.spec.shape[axis] for axis in tensor.permutation]


def open_tflite(path: Path, *, threads: int | None = None, preserve_all: bool = False) -> LitertSession:
    """Open a .tflite file; ``preserve_all`` keeps every tensor, for taps, from the start.

    Raises ModelFileError if it is missing or damaged, UnsupportedOperatorError if LiteRT does not
    know one of its operators, UnsoundArtifactError if LiteRT refuses it otherwise.
    """
    return LitertSession(path, threads=threads, preserve_all=preserve_all)


def _usable_cores() -> int:
    """The cores this process may run on: in a container, or under taskset, fewer than there are."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version() -> str:
    import ai_edge_litert

    return str(ai_edge_litert.__version__)


def _interpreter(path: Path, *, threads: int | None, preserve_all: bool) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    with _typed_errors(path), warnings.catch_warnings(), _silenced_stderr():
        # "intended for debugging purposes only": that is what taps are for.
        warnings.filterwarnings("ignore", message=".*experimental_preserve_all_tensors.*")
        interpreter = Interpreter(
            model_path=str(path),
            num_threads=threads or min(_MOST_THREADS, _usable_cores()),
            experimental_preserve_all_tensors=preserve_all,
        )
        interpreter.allocate_tensors()
        return interpreter


@contextmanager
def _typed_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        message = f"LiteRT cannot execute {path}: {reason}"
        if "valid Flatbuffer" in reason or "Could not open" in reason:
            raise ModelFileError(message, hint="convert the ONNX model again") from error
        if _NO_KERNEL.search(reason):
            raise UnsupportedOperatorError(message) from error
        raise UnsoundArtifactError(message) from error


@contextmanager
def _silenced_stderr() -> Iterator[None]:
    """LiteRT announces its delegate on file descriptor 2 and has no switch for that.

    Its errors are not lost: they are in the exceptions that it raises.
    """
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, AttributeError, ValueError):  # closed, or none: nothing to silence
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
