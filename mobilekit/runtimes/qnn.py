"""ONNX on Qualcomm's HTP through onnxruntime-qnn, in a process of its own, with no help from the CPU.

On a Snapdragon it is the NPU itself; on other machines the package brings an emulator that computes what
the chip would, slowly: seconds to minutes a picture. Integers come from a model with QuantizeLinear and
DequantizeLinear (``convert --to onnx-qdq``), what is float in it is computed in float16.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mobilekit.errors import AcceleratorError, MobilekitError, UsageError
from mobilekit.runtimes import ort
from mobilekit.runtimes.acceleration import Acceleration, Refusal
from mobilekit.runtimes.base import Availability, ClosedOnExit
from mobilekit.runtimes.feeds import check_feed
from mobilekit.runtimes.onnx_file import OnnxFile, read_onnx_file
from mobilekit.runtimes.qnn_messages import said_of
from mobilekit.runtimes.served import DriverProcess

if TYPE_CHECKING:
    from mobilekit.tensors import Array, Feed

TIMEOUT_S = 600.0
"""For opening, and for each run: the emulator takes minutes for a large picture."""

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
    """Whether Qualcomm's execution provider is installed here, and whether it is an emulator."""
    runtime = ort.availability()
    if not runtime.available:
        return runtime
    if find_spec("onnxruntime_qnn") is None:
        return Availability(available=False, detail=f"onnxruntime-qnn is not installed; {INSTALL}")
    kind = "an emulator of HTP" if is_emulated() else "HTP"
    return Availability(available=True, detail=f"onnxruntime-qnn {_version()}, {kind}")


def is_emulated() -> bool:
    """Whether the package computes on this processor what a Snapdragon would: on any but Arm."""
    return platform.machine().lower() not in ("aarch64", "arm64")


class QnnSession(ClosedOnExit):
    """An ONNX file wholly on HTP; open one with :func:`open_onnx_qnn`."""

    def __init__(
        self, path: Path, file: OnnxFile, process: DriverProcess, *, soc: str, timeout_s: float
    ) -> None:
        self._path, self._timeout_s = path, timeout_s
        self._process: DriverProcess | None = process
        self.inputs, self.outputs = file.inputs, file.outputs
        try:
            process.open("qnn-htp", path, _options(soc), timeout_s=timeout_s)
        except MobilekitError as error:
            log = process.log
            process.close()
            raise _explained(path, file, error, log) from error
        self.name = _name(soc)
        self.acceleration = Acceleration(
            accelerator="npu",
            adapter=adapter(soc),
            emulated=is_emulated(),
            operators=len(file.operators),
            accepted=len(file.operators),
            partitions=1,
            precision="fp16",
            note="float operators in float16" if file.operators else "",
        )

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
        doing = f"running {self._path}"
        try:
            return self._process.run(dict(feed), timeout_s=self._timeout_s, doing=doing)
        except AcceleratorError:
            self.close()
            raise

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.close()


def open_onnx_qnn(
    path: Path,
    *,
    soc: str = "SM8650",
    timeout_s: float = TIMEOUT_S,
    command: Sequence[str] | None = None,
) -> QnnSession:
    """Open an ONNX file on HTP, the whole of it; opening and each run may take ``timeout_s`` seconds.

    ``soc`` is the chip that an emulator stands for. Raises AcceleratorError naming the operators that HTP
    refuses, or if there is no provider, or if it crashes or hangs; UsageError for an unknown chip;
    ModelFileError for a file that is missing or damaged.
    """
    _check_soc(soc)
    file = read_onnx_file(path)
    found = availability()
    if not found.available:
        message = f"there is no Qualcomm HTP here: {found.detail.partition('; ')[0]}"
        raise AcceleratorError(message, hint=INSTALL)
    return QnnSession(path, file, _process(soc, command), soc=soc, timeout_s=timeout_s)


def acceptance(
    path: Path,
    *,
    soc: str = "SM8650",
    timeout_s: float = TIMEOUT_S,
    command: Sequence[str] | None = None,
) -> Acceleration:
    """What HTP takes of an ONNX file, and what it refuses; nothing is run. Raises as ``open_onnx_qnn``."""
    _check_soc(soc)
    file = read_onnx_file(path)
    process = _process(soc, command)
    try:
        process.open("qnn-htp", path, {**_options(soc), "report": True}, timeout_s=timeout_s)
        said = said_of(process.log)
    finally:
        process.close()
    refused = tuple(file.refusal(r) for r in said.refused)
    blamed = {r.operator for r in refused}
    return Acceleration(
        accelerator="npu",
        adapter=adapter(soc),
        emulated=is_emulated(),
        operators=len(file.operators),
        accepted=sum(name not in blamed for name in file.operators),
        partitions=said.partitions,
        refused=refused,
        precision="fp16",
    )


def adapter(soc: str) -> str:
    """The device, as reports call it."""
    return f"Qualcomm HTP emulator, {soc}" if is_emulated() else "Qualcomm HTP"


def _name(soc: str) -> str:
    if is_emulated():
        return f"Qualcomm HTP emulator (onnxruntime-qnn {_version()}, {soc})"
    return f"Qualcomm HTP (onnxruntime-qnn {_version()})"


def _process(soc: str, command: Sequence[str] | None) -> DriverProcess:
    keywords: dict[str, Any] = {} if command is None else {"command": command}
    return DriverProcess(adapter(soc), **keywords)


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
    return AcceleratorError(message, hint="keep them out of the model, or use another accelerator")


def _version() -> str:
    try:
        return version("onnxruntime-qnn")
    except PackageNotFoundError:
        return "of unknown version"
