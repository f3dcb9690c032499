"""LiteRT on the GPU: .tflite files through CompiledModel, in a process of its own.

The accelerator is ML Drift over WebGPU, the family that CompiledModel uses on Android too; it runs
on any Vulkan device, SwiftShader included. A driver that crashes or hangs there ends the child only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.errors import AcceleratorError, MobilekitError, UnsoundArtifactError, UsageError
from mobilekit.runtimes import litert
from mobilekit.runtimes.acceleration import Acceleration, Precision, Refusal
from mobilekit.runtimes.adapters import INSTALL, Adapter, find_adapter
from mobilekit.runtimes.base import Availability, ClosedOnExit
from mobilekit.runtimes.feeds import check_feed
from mobilekit.runtimes.gpu_blame import fatal_operator, refused_operators
from mobilekit.runtimes.gpu_messages import DelegateSaid, read_messages, silent_failure
from mobilekit.runtimes.installed import installed
from mobilekit.runtimes.served import DriverProcess, last_error
from mobilekit.runtimes.tflite_cut import TfliteGraph
from mobilekit.runtimes.tflite_details import read_details, read_names
from mobilekit.runtimes.tflite_file import read_border
from mobilekit.runtimes.tflite_values import from_file, to_file

if TYPE_CHECKING:
    from mobilekit.tensors import Array, Feed

TIMEOUT_S = 300.0
"""For opening, and for each run: software GPUs take seconds, on a busy machine ten times as long."""


def adapter() -> Adapter | None:
    """The GPU that files would be run on, a software one too; None where there is none."""
    return find_adapter().adapter


def availability() -> Availability:
    """Whether LiteRT's GPU accelerator has a device here: which, or what to install."""
    runtime = installed("ai_edge_litert", distribution="ai-edge-litert", title="LiteRT")
    if not runtime.available:
        return runtime
    found = find_adapter()
    if found.adapter is None:
        return Availability(available=False, detail=f"{found.reason}; {INSTALL}")
    return Availability(available=True, detail=f"{runtime.detail} on {_device(found.adapter)}")


class GpuProcess(ClosedOnExit):
    """A process that opens files on the GPU, one at a time; after a crash the next file gets a new one."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S, command: Sequence[str] | None = None) -> None:
        found = find_adapter()
        if found.adapter is None:
            message = f"LiteRT has no GPU: {found.reason}"
            raise AcceleratorError(message, hint=INSTALL)
        self.adapter = found.adapter
        self.timeout_s = timeout_s
        what = f"LiteRT's GPU accelerator ({_device(found.adapter)})"
        keywords: dict[str, Any] = {} if command is None else {"command": command}
        self.process = DriverProcess(what, variables=found.adapter.variables, **keywords)

    def open(self, path: Path, precision: Precision) -> tuple[dict[str, Any], DelegateSaid]:
        """Open a file: the driver's facts, and what the delegate said. Raises AcceleratorError."""
        before = self.process.log_size
        options = {"enforce_f32": precision == "fp32", "loader": self.adapter.loader}
        facts = self.process.open("litert-gpu", path, options, timeout_s=self.timeout_s)
        return facts, read_messages(self.process.log_from(before))

    def close(self) -> None:
        """End the process."""
        self.process.close()


class GpuSession(ClosedOnExit):
    """A .tflite file on the GPU; open one with :func:`open_tflite_gpu`. ``acceleration`` says how much."""

    def __init__(
        self, path: Path, process: GpuProcess, *, precision: Precision, owns_process: bool = True
    ) -> None:
        border = read_border(path)
        self._path = path
        self._inputs, self._outputs = border.inputs, border.outputs
        tensors = (*border.inputs, *border.outputs)
        self._details = read_details(path, tuple(t.index for t in tensors))
        self.inputs = tuple(t.spec for t in border.inputs)
        self.outputs = tuple(t.spec for t in border.outputs)
        self._process: GpuProcess | None = process
        self._owns_process = owns_process
        try:
            facts, self.acceleration = _opened(path, process, precision)
            self._names_in = _by_name(path, facts["inputs"], [t.index for t in border.inputs])
            self._names_out = _by_name(path, facts["outputs"], [t.index for t in border.outputs])
        except MobilekitError:
            self.close()
            raise
        self.name = f"{litert.availability().detail} GPU ({self.acceleration.adapter}"
        self.name += ", software)" if self.acceleration.emulated else ")"

    def run(self, feed: Feed, *, taps: Sequence[str] = ()) -> dict[str, Array]:
        """Outputs in ONNX layout and type. See :class:`Session`.

        Raises UnsoundArtifactError where the device threw its results away without an error;
        AcceleratorError if the driver fails, crashes or takes too long, after which the session is closed;
        UsageError for taps: what the GPU fuses is never in memory.
        """
        if self._process is None:
            message = "this session is closed"
            raise UsageError(message)
        if taps:
            message = f"{self._path}: the GPU shows no intermediate values, asked for {', '.join(taps)}"
            raise UsageError(message, hint="tap the same file on the CPU")
        check_feed(feed, self.inputs, where=str(self._path))
        values = {
            name: to_file(feed[t.spec.name], t, self._details[t.index])
            for name, t in zip(self._names_in, self._inputs, strict=True)
        }
        process = self._process
        doing = f"running {self._path}"
        before = process.process.log_size
        try:
            found = process.process.run(values, timeout_s=process.timeout_s, doing=doing)
        except AcceleratorError:
            self.close()
            raise
        reason = silent_failure(process.process.log_from(before))
        if reason is not None:
            message = (
                f"{process.process.what} computed nothing of {self._path} and says that all is well: {reason}"
            )
            raise UnsoundArtifactError(message, hint="use the CPU")
        return {
            t.spec.name: from_file(self._shaped(found[name], t.index), t, self._details[t.index])
            for name, t in zip(self._names_out, self._outputs, strict=True)
        }

    def close(self) -> None:
        """End the process, or leave it to the next file where it is shared."""
        process, self._process = self._process, None
        if process is not None and self._owns_process:
            process.close()

    def _shaped(self, value: Array, index: int) -> Array:
        """The value in the file's shape, which the accelerator tells with other ranks at times."""
        expected = self._details[index]["shape"]
        if value.size != prod(expected):
            message = f"{self._path}: the GPU answers {list(value.shape)}, expected {list(expected)}"
            raise UnsoundArtifactError(message)
        return value.reshape(expected)


def open_tflite_gpu(
    path: Path,
    *,
    precision: Precision = "fp32",
    timeout_s: float = TIMEOUT_S,
    command: Sequence[str] | None = None,
) -> GpuSession:
    """Open a .tflite file on the GPU; opening and each run may take ``timeout_s`` seconds.

    Where the GPU takes only a part of the file, the CPU runs the rest, and ``acceleration`` says
    which operators are to blame. Raises AcceleratorError if there is no GPU, if it takes nothing,
    crashes or hangs; ModelFileError for a file that is missing or damaged.
    """
    read_border(path)  # a damaged file is the file's fault, whatever GPU there is
    return GpuSession(path, GpuProcess(timeout_s=timeout_s, command=command), precision=precision)


def _opened(path: Path, process: GpuProcess, precision: Precision) -> tuple[dict[str, Any], Acceleration]:
    """The driver's facts and what they mean. Raises AcceleratorError naming the operators at fault."""
    graph = TfliteGraph(path)
    try:
        facts, said = process.open(path, precision)
    except AcceleratorError as error:
        raise _explained(graph, process, precision, error) from error
    operators = sum(not o.unpacks for o in graph.operators)
    whole = bool(facts["whole"]) and not said.refused
    accepted = operators if whole else said.accepted or 0
    refused: tuple[Refusal, ...] = ()
    if not whole:
        refused = refused_operators(graph, said.refused, _trying(process, precision))
        if accepted == 0:
            blamed = "; ".join(map(str, refused)) or "it does not say why"
            message = f"{process.process.what} takes no operator of {path}: {blamed}"
            raise AcceleratorError(message, hint="use the CPU", cause="refused")
        facts, _ = process.open(path, precision)
    return facts, Acceleration(
        accelerator="gpu",
        adapter=said.adapter or process.adapter.name,
        emulated=said.software or process.adapter.emulated,
        operators=operators,
        accepted=accepted,
        partitions=1,  # the delegate takes the largest part only
        refused=refused,
        precision=precision,
        note=_note(process.adapter, precision),
    )


def _explained(
    graph: TfliteGraph, process: GpuProcess, precision: Precision, error: AcceleratorError
) -> AcceleratorError:
    """The error with the operator that is to blame, where the device works and one can be named."""
    log = process.process.log
    if read_messages(log).adapter is None:
        last = last_error(log)
        said = "" if not last or last in error.message else f"; it said: {last}"
        return AcceleratorError(error.message + said, hint=error.hint or INSTALL, cause=error.cause)
    if error.cause == "hung":  # it hangs, and would again, each time as long
        return error
    fatal = fatal_operator(graph, _trying(process, precision))
    process.close()
    if fatal is None:
        return error
    message = f"{error.message}; the operator to blame is {fatal.kind} {fatal.value!r}"
    return AcceleratorError(message, hint=error.hint or "use the CPU")


def _trying(process: GpuProcess, precision: Precision) -> Callable[[Path], str | None]:
    """Whether the GPU takes a part of a file whole: the reason why not, or None. Raises if opening fails."""

    def tried(path: Path) -> str | None:
        facts, said = process.open(path, precision)
        if facts["whole"] and not said.refused:
            return None
        return "; ".join(reason for _, reason in said.refused) or "refused without a reason"

    return tried


def _by_name(path: Path, names: Sequence[str], indices: Sequence[int]) -> tuple[str, ...]:
    """The border's names in the file, which the accelerator must have too. Raises AcceleratorError."""
    expected = read_names(path, indices)
    if sorted(names) != sorted(expected) or len(set(names)) != len(names):
        message = f"{path}: the GPU calls its inputs or outputs {', '.join(names)}, "
        message += f"expected {', '.join(expected)}"
        raise AcceleratorError(message, hint="the file has several signatures, or tensors of one name")
    return expected


def _note(adapter: Adapter, precision: Precision) -> str:
    if precision == "fp32":
        return ""
    if adapter.float16 is False:
        return "this device has no 16-bit float arithmetic: fp16 was asked for, float32 is what ran"
    if adapter.emulated:
        return "a software device: float16 arithmetic of a phone's GPU is not proven"
    return ""


def _device(found: Adapter) -> str:
    return f"{found.name}, software" if found.emulated else found.name
