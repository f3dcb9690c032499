"""Core ML packages, spoken to in the ONNX model's names, shapes and types.

On macOS Core ML itself executes them; anywhere else :mod:`mil_reference` evaluates them, which
``name`` never leaves unsaid.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mobilekit.errors import AcceleratorError, MobilekitError, UsageError
from mobilekit.libraries import coremltools
from mobilekit.runtimes.base import Availability, ClosedOnExit
from mobilekit.runtimes.coreml_border import from_feature, read_border, to_feature
from mobilekit.runtimes.feeds import check_feed, check_taps

if TYPE_CHECKING:
    from mobilekit.runtimes.coreml_border import Border
    from mobilekit.runtimes.mil_reference.evaluator import Evaluator, Precision
    from mobilekit.tensors import Array, Feed

REFERENCE = "MIL reference evaluator, not Core ML"

Units = Literal["cpu", "gpu", "npu"]

_COMPUTE_UNITS = {"cpu": "CPU_ONLY", "gpu": "CPU_AND_GPU", "npu": "CPU_AND_NE"}


class Backend(Protocol):
    """What computes: features in, features and tapped MIL values out."""

    name: str

    def predict(self, features: Mapping[str, Array], taps: Sequence[str]) -> Mapping[str, Any]:
        """Outputs by feature, tapped values by MIL name."""
        ...


def availability() -> Availability:
    """Whether packages can be executed here, and by what."""
    try:
        version = coremltools().__version__
    except MobilekitError as error:
        return Availability(available=False, detail=str(error))
    if sys.platform == "darwin":
        return Availability(available=True, detail=f"{_core_ml_name()}, through coremltools {version}")
    detail = f"{REFERENCE} (Core ML itself only runs on macOS), coremltools {version}"
    return Availability(available=True, detail=detail)


class CoremlSession(ClosedOnExit):
    """An opened .mlpackage; open one with :func:`open_mlpackage` or :func:`open_reference`."""

    def __init__(self, path: Path, evaluator: Evaluator, backend: Backend) -> None:
        self._path = path
        self._border = read_border(evaluator.program, where=path, values=evaluator.types)
        self._backend: Backend | None = backend
        self.inputs = tuple(c.spec for c in self._border.inputs)
        self.outputs = tuple(c.spec for c in self._border.outputs)
        self.name = backend.name

    def run(self, feed: Feed, *, taps: Sequence[str] = ()) -> dict[str, Array]:
        """Outputs, and tapped ONNX values as the program holds them (float32 for fp16). See :class:`Session`.

        Raises UsageError for taps where Core ML itself executes: it shows no intermediate values.
        """
        if self._backend is None:
            message = "this session is closed"
            raise UsageError(message)
        where = str(self._path)
        check_feed(feed, self.inputs, where=where)
        outputs = {c.spec.name: c for c in self._border.outputs}
        check_taps(taps, outputs.keys() | self._border.tensors.keys(), where=where)
        inner = {name: self._border.tensors[name] for name in taps if name not in outputs}
        features = {c.feature: to_feature(feed[c.spec.name], c, where=where) for c in self._border.inputs}
        found = self._backend.predict(features, tuple(inner.values()))
        results = {n: from_feature(found[c.feature], c, where=where) for n, c in outputs.items()}
        return results | {name: _tapped(found[mil]) for name, mil in inner.items()}

    def close(self) -> None:
        """Free the package's memory."""
        self._backend = None


def open_mlpackage(path: Path, *, threads: int | None = None, units: Units = "cpu") -> CoremlSession:
    """Open a package: in Core ML on macOS, in the reference evaluator elsewhere (which has the "cpu" only).

    ``threads`` are not Core ML's to choose, and the evaluator's libraries take their own. Raises
    ModelFileError if it is missing or damaged, AcceleratorError for units that are not there.
    """
    del threads
    if sys.platform == "darwin":
        evaluator = _evaluator(path, "stored")
        border = read_border(evaluator.program, where=path, values=evaluator.types)
        return CoremlSession(path, evaluator, CoreMl(path, units=units, border=border))
    if units != "cpu":
        message = f"Core ML's {units} is only there on macOS"
        raise AcceleratorError(message, hint="accelerators for .mlpackage files here: cpu")
    return open_reference(path)


def open_reference(path: Path, *, precision: Precision = "stored") -> CoremlSession:
    """Open a package in the reference evaluator, on macOS too. For ``precision`` see :mod:`evaluator`."""
    evaluator = _evaluator(path, precision)
    return CoremlSession(path, evaluator, Reference(evaluator))


class Reference:
    """The reference evaluator as a backend."""

    name = REFERENCE

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def predict(self, features: Mapping[str, Array], taps: Sequence[str]) -> Mapping[str, Any]:
        return self._evaluator.run(features, taps=taps)


class CoreMl:
    """Core ML through coremltools, on macOS."""

    def __init__(self, path: Path, *, units: Units, border: Border) -> None:
        library = coremltools()
        self.name = _core_ml_name()
        self._colours = {c.feature: c.colour for c in (*border.inputs, *border.outputs)}
        self._path = path
        try:
            unit = getattr(library.ComputeUnit, _COMPUTE_UNITS[units])
            self._model = library.models.MLModel(str(path), compute_units=unit)
        except (RuntimeError, ValueError, OSError) as error:
            message = f"Core ML cannot open {path}: {error}"
            raise AcceleratorError(message, hint="open_reference() evaluates it without Core ML") from error

    def predict(self, features: Mapping[str, Array], taps: Sequence[str]) -> Mapping[str, Any]:
        """Core ML shows no intermediate values: raises UsageError where taps are asked for."""
        if taps:
            message = f"Core ML shows no intermediate values ({', '.join(taps)})"
            raise UsageError(message, hint="runtimes.coreml.open_reference() evaluates the package with taps")
        given = {name: _picture(value, self._colours[name]) for name, value in features.items()}
        try:
            predicted: Mapping[str, Any] = self._model.predict(given)
        except (RuntimeError, ValueError, TypeError) as error:
            message = f"Core ML cannot execute {self._path}: {error}"
            raise AcceleratorError(message) from error
        return {name: _planes(value, self._colours.get(name)) for name, value in predicted.items()}


def _evaluator(path: Path, precision: Precision) -> Evaluator:
    from mobilekit.runtimes.mil_reference.evaluator import Evaluator
    from mobilekit.runtimes.mil_reference.reader import read_package

    return Evaluator(read_package(path), precision=precision)


def _core_ml_name() -> str:
    return f"Core ML {platform.mac_ver()[0]} on macOS"


def _tapped(value: Any) -> Array:
    import numpy as np

    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _picture(planes: Array, colour: str | None) -> Any:
    """[1, channels, height, width] of 0…255 as the PIL image (RGB or grey) that coremltools takes."""
    import numpy as np
    from PIL import Image

    if colour is None:
        return planes
    pixels = planes[0].astype(np.uint8)
    if colour.startswith("gray"):
        return Image.fromarray(pixels[0])
    return Image.fromarray(np.ascontiguousarray(_rgb(pixels, colour).transpose(1, 2, 0)))


def _planes(value: Any, colour: str | None) -> Any:
    """A predicted PIL image as [1, channels, height, width], channels in the feature's order."""
    import numpy as np

    if colour is None:
        return value
    pixels = np.asarray(value)
    if pixels.ndim == 2:
        return pixels[None, None]
    return _rgb(pixels[:, :, :3].transpose(2, 0, 1), colour)[None]


def _rgb(planes: Array, colour: str) -> Array:
    return planes[::-1] if colour == "bgr" else planes
