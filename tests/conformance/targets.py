"""What the cases are converted to: each target with its profile, its table and its file of results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from mobilekit.pipeline import inspect

_BORDER = ("cast", "identity")
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Target:
    """A format in a precision; ``to`` is the format's name.

    ``alone`` says whether the file at ``path`` holds one operator: the one of its target that computes the same.
    """

    name: str
    to: str
    profile: str
    precision: Literal["fp32", "fp16"] = "fp32"
    tools: tuple[str, ...]
    results: Path
    alone: Callable[[Path, Path, str, dict[str, tuple[int, ...]]], bool]

    def table(self) -> Any:
        """The table of lowerings."""
        if self.to == "coreml":
            from mobilekit.convert.coreml.ops import TABLE

            return TABLE
        from mobilekit.convert.tflite.ops import TABLE

        return TABLE


def _alone_in_onnx(model: Path, file: Path, operator: str, shapes: dict[str, tuple[int, ...]]) -> bool:
    return dict(inspect(model, shapes=shapes).legal_operators or {}) == {operator: 1}


def _alone_in_mil(model: Path, file: Path, operator: str, shapes: dict[str, tuple[int, ...]]) -> bool:
    from mobilekit.runtimes.mil_reference.reader import read_package

    kinds = [o.type for f in read_package(file).functions.values() for o in f.block.operations]
    return len([kind for kind in kinds if kind not in ("const", *_BORDER)]) == 1


TFLITE = Target(
    name="tflite",
    to="tflite",
    profile="tflite-cpu",
    tools=("onnx", "onnxruntime", "ai-edge-litert"),
    results=_FOLDER / "results.json",
    alone=_alone_in_onnx,
)
COREML = Target(
    name="coreml",
    to="coreml",
    profile="coreml",
    tools=("onnx", "onnxruntime", "coremltools"),
    results=_FOLDER / "results_coreml.json",
    alone=_alone_in_mil,
)
COREML_FP16 = replace(
    COREML, name="coreml-fp16", precision="fp16", results=_FOLDER / "results_coreml_fp16.json"
)
TARGETS = {target.name: target for target in (TFLITE, COREML, COREML_FP16)}
