"""ONNX on Qualcomm's HTP through onnxruntime-qnn, in a process of its own, with no help from the CPU.

On a Snapdragon it is the NPU itself; on other machines the package brings an emulator that computes what
the chip would, slowly: seconds to minutes a picture. Integers come from a model with QuantizeLinear and
DequantizeLinear (``convert --to onnx-qdq``), what is float in it is computed in float16.
"""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mobilekit.errors import AcceleratorError, MobilekitError, UsageError
from mobilekit.runtimes.acceleration import Acceleration, Refusal
from mobilekit.runtimes.base import Availability, ClosedOnExit
from mobilekit.runtimes.feeds import check_feed
from mobilekit.runtimes.installed import installed
from mobilekit.runtimes.onnx_cut import cut_nodes
from mobilekit.runtimes.onnx_file import OnnxFile, read_onnx_file
from mobilekit.runtimes.qnn_library import library_fault
from mobilekit.runtimes.qnn_messages import QnnSaid, RefusedNode, said_of
from mobilekit.runtimes.served import DriverProcess

if TYPE_CHECKING:
    from mobilekit.tensors import Array, Feed

TIMEOUT_S = 600.0
"""For opening, and for each run: the emulator takes minutes for a large picture."""

_UNPREPARED = "Failed to finalize QNN graph"
_MOST_BLAMED = 3

DEFAULT_SOC = "SM8650"
"""Snapdragon 8 Gen 3: the chip that an emulator stands for where nobody says."""

INSTALL = "in mobilekit's clone: pip install '.[qnn]' (Linux with glibc 2.35 or later, Windows)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Soc:
    """A chip: ``model`` and ``hexagon`` are the numbers that QNN has for it and for its processor."""

    model: int
    hexagon: int


SOCS: Mapping[str, Soc] = MappingProxyType(
    {
        "SM8350": Soc(model=30, hexagon=68),
        "SM8450": Soc(model=36, hexagon=69),
        "SM8550": Soc(model=43, hexagon=73),
        "SM8650": Soc(model=57, hexagon=75),
        "SM8750": Soc(model=69, hexagon=79),
    }
)
"""Chips by name (TensorFlow's ``soc_table.h`` of Qualcomm's compiler has the numbers)."""


def availability() -> Availability:
    """Whether Qualcomm's execution provider is installed here and loads, and whether it is an emulator."""
    runtime = installed("onnxruntime", distribution="onnxruntime", title="ONNX Runtime")
    if not runtime.available:
        return runtime
    if find_spec("onnxruntime_qnn") is None:
        return Availability(available=False, detail=f"onnxruntime-qnn is not installed; {INSTALL}")
    if fault := library_fault():
        detail = f"onnxruntime-qnn {_version()} cannot be used, {fault}; install it anew, {INSTALL}"
        return Availability(available=False, detail=detail)
    kind = "an emulator of HTP" if is_emulated() else "HTP"
    return Availability(available=True, detail=f"onnxruntime-qnn {_version()}, {kind}")


def is_emulated() -> bool:
    """Whether the package computes on this processor what a Snapdragon would: on any but Arm."""
    return platform.machine().lower() not in ("aarch64", "arm64")


class HtpProcess(ClosedOnExit):
    """A process that opens files on HTP, one at a time; after a crash the next file gets a new one.

    ``soc`` is the chip that an emulator stands for. Raises UsageError for an unknown one, AcceleratorError
    where the provider is not installed.
    """

    def __init__(
        self,
        *,
        soc: str = DEFAULT_SOC,
        timeout_s: float = TIMEOUT_S,
        command: Sequence[str] | None = None,
    ) -> None:
        _check_soc(soc)
        found = availability()
        if not found.available:
            message = f"there is no Qualcomm HTP here: {found.detail.partition('; ')[0]}"
            raise AcceleratorError(message, hint=INSTALL)
        self.soc, self.timeout_s = soc, timeout_s
        keywords: dict[str, Any] = {} if command is None else {"command": command}
        self.process = DriverProcess(adapter(soc), **keywords)

    def open(self, path: Path, file: OnnxFile) -> None:
        """Open all of a file. Raises AcceleratorError naming the operators that HTP refuses."""
        before = self.process.log_size
        try:
            self.process.open("qnn-htp", path, _options(self.soc), timeout_s=self.timeout_s)
        except MobilekitError as error:
            if _UNPREPARED in error.message:
                raise self._unprepared(path, file, error) from error
            raise _explained(path, file, error, self.process.log_from(before)) from error

    def _unprepared(self, path: Path, file: OnnxFile, error: MobilekitError) -> AcceleratorError:
        """The error of a file whose operators are all known and that cannot be prepared as a whole.

        Each kind of operator is tried alone, for as long as opening may take.
        """
        tried: set[str] = set()
        blamed: list[str] = []
        until = time.monotonic() + self.timeout_s
        with tempfile.TemporaryDirectory(prefix="mobilekit-") as folder:
            for node in cut_nodes(path):
                if node.signature in tried or len(blamed) == _MOST_BLAMED or time.monotonic() > until:
                    continue
                tried.add(node.signature)
                alone = Path(folder, "node.onnx")
                alone.write_bytes(node.model)
                try:
                    self.process.open("qnn-htp", alone, _options(self.soc), timeout_s=self.timeout_s)
                except MobilekitError as failure:
                    if _UNPREPARED in failure.message:
                        refusal = RefusedNode(name=node.name, kind=node.kind, reason="not by itself either")
                        blamed.append(str(file.refusal(refusal)))
        reason = _UNPREPARED + error.message.partition(_UNPREPARED)[2]
        named = f"; to blame: {'; '.join(blamed)}" if blamed else ""
        message = f"Qualcomm's HTP cannot prepare {path}: {reason}{named}"
        hint = "keep them out of the model" if blamed else "a smaller model or shape may fit"
        return AcceleratorError(message, hint=f"{hint}, or use another accelerator", cause="refused")

    def look(self, path: Path) -> QnnSaid:
        """What the provider says of each operator of a file. Raises AcceleratorError if it cannot open it."""
        before = self.process.log_size
        options = {**_options(self.soc), "report": True}
        self.process.open("qnn-htp", path, options, timeout_s=self.timeout_s)
        return said_of(self.process.log_from(before))

    def close(self) -> None:
        """End the process."""
        self.process.close()


class QnnSession(ClosedOnExit):
    """An ONNX file wholly on HTP; open one with :func:`open_onnx_qnn`."""

    def __init__(self, path: Path, process: HtpProcess, *, owns_process: bool = True) -> None:
        self._path, self._owns_process = path, owns_process
        self._process: HtpProcess | None = process
        try:
            file = read_onnx_file(path)
            process.open(path, file)
        except MobilekitError:
            self.close()
            raise
        self.inputs, self.outputs = file.inputs, file.outputs
        self.name = _name(process.soc)
        self.acceleration = _acceleration(process.soc, file, QnnSaid(refused=(), partitions=1))

    def run(self, feed: Feed, *, taps: Sequence[str] = ()) -> dict[str, Array]:
        """Outputs in ONNX layout and type. See :class:`Session`.

        Raises AcceleratorError if the driver fails, crashes or takes too long, after which the session is
        closed; UsageError for taps: what HTP computes in between stays there.
        """
        if self._process is None:
            message = "this session is closed"
            raise UsageError(message)
        if taps:
            message = f"{self._path}: HTP shows no intermediate values, asked for {', '.join(taps)}"
            raise UsageError(message, hint="tap the same file on the CPU")
        check_feed(feed, self.inputs, where=str(self._path))
        process, doing = self._process, f"running {self._path}"
        try:
            return process.process.run(dict(feed), timeout_s=process.timeout_s, doing=doing)
        except AcceleratorError:
            self.close()
            raise

    def close(self) -> None:
        """End the process, or leave it to the next file where it is shared."""
        process, self._process = self._process, None
        if process is not None and self._owns_process:
            process.close()


def open_onnx_qnn(
    path: Path,
    *,
    soc: str = DEFAULT_SOC,
    timeout_s: float = TIMEOUT_S,
    command: Sequence[str] | None = None,
) -> QnnSession:
    """Open an ONNX file on HTP, the whole of it; opening and each run may take ``timeout_s`` seconds.

    ``soc`` is the chip that an emulator stands for. Raises AcceleratorError naming the operators that HTP
    refuses, or if there is no provider, or if it crashes or hangs; UsageError for an unknown chip;
    ModelFileError for a file that is missing or damaged.
    """
    read_onnx_file(path)  # a damaged file is the file's fault, whatever there is to run it
    return QnnSession(path, HtpProcess(soc=soc, timeout_s=timeout_s, command=command))


def acceptance(
    path: Path,
    *,
    soc: str = DEFAULT_SOC,
    timeout_s: float = TIMEOUT_S,
    command: Sequence[str] | None = None,
) -> Acceleration:
    """What HTP takes of an ONNX file, and what it refuses; nothing is run. Raises as ``open_onnx_qnn``."""
    file = read_onnx_file(path)
    with HtpProcess(soc=soc, timeout_s=timeout_s, command=command) as process:
        return _acceleration(soc, file, process.look(path))


def _acceleration(soc: str, file: OnnxFile, said: QnnSaid) -> Acceleration:
    refused = tuple(file.refusal(node) for node in said.refused)
    blamed = {refusal.operator for refusal in refused}
    return Acceleration(
        accelerator="npu",
        adapter=adapter(soc),
        emulated=is_emulated(),
        operators=len(file.operators),
        accepted=sum(name not in blamed for name in file.operators),
        partitions=said.partitions,
        refused=refused,
        precision="fp16",
        note="what is float in it is computed in float16",
    )


def adapter(soc: str) -> str:
    """The device, as reports call it."""
    return f"Qualcomm HTP emulator, {soc}" if is_emulated() else "Qualcomm HTP"


def _name(soc: str) -> str:
    if is_emulated():
        return f"Qualcomm HTP emulator (onnxruntime-qnn {_version()}, {soc})"
    return f"Qualcomm HTP (onnxruntime-qnn {_version()})"


def _options(soc: str) -> dict[str, Any]:
    """What the driver is told; a real chip knows its own numbers."""
    if not is_emulated():
        return {}
    return {"soc_model": str(SOCS[soc].model), "htp_arch": str(SOCS[soc].hexagon)}


def _check_soc(soc: str) -> None:
    if soc not in SOCS:
        message = f"no chip {soc!r} is known"
        raise UsageError(message, hint=f"known ones are {', '.join(SOCS)}")


def _explained(path: Path, file: OnnxFile, error: MobilekitError, log: str) -> MobilekitError:
    """The error with the operators that are to blame, where the provider names any."""
    refused: tuple[Refusal, ...] = tuple(file.refusal(r) for r in said_of(log).refused)
    if not refused:
        return error
    blamed = "; ".join(map(str, refused))
    message = f"Qualcomm's HTP does not take all of {path}: {blamed}"
    hint = "keep them out of the model, or use another accelerator"
    return AcceleratorError(message, hint=hint, cause="refused")


def _version() -> str:
    try:
        return version("onnxruntime-qnn")
    except PackageNotFoundError:
        return "of unknown version"
