"""Operators made by hand, and what LiteRT itself does with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mobilekit.convert.tflite.builder import FileBuilder, TensorQuantisation
from mobilekit.convert.tflite.delegates.operators import FileOperator, operators_of_draft
from mobilekit.convert.tflite.writer import write


def tensor(
    builder: FileBuilder, name: str, spec: tuple[str, Sequence[int]] | np.ndarray, scale: float = 0.1
) -> int:
    """A tensor of ``(dtype, shape)``, computed at run time, or an array: a constant. ``q`` is quantised."""
    if isinstance(spec, np.ndarray):
        return builder.constant(name, spec)
    dtype, shape = spec
    quantisation = TensorQuantisation(scales=(scale,), zero_points=(0,)) if dtype[0] == "q" else None
    return builder.tensor(name, shape, np.dtype(dtype.removeprefix("q")), quantisation=quantisation)


def one(
    kind: str,
    inputs: Sequence[tuple[str, Sequence[int]] | np.ndarray | None],
    *results: tuple[str, Sequence[int]],
    **options: Any,
) -> FileBuilder:
    """A file of one operator."""
    builder = FileBuilder()
    indices = [-1 if spec is None else tensor(builder, f"in{i}", spec) for i, spec in enumerate(inputs)]
    outputs = [tensor(builder, f"out{i}", spec) for i, spec in enumerate(results)]
    builder.operator(kind, indices, outputs, options)
    builder.inputs = [i for i in indices if i >= 0 and not builder.tensors[i].buffer]
    builder.outputs = outputs
    return builder


def operator(
    kind: str,
    inputs: Sequence[tuple[str, Sequence[int]] | np.ndarray | None],
    *results: tuple[str, Sequence[int]],
    **options: Any,
) -> FileOperator:
    """One operator as delegates see it."""
    (found,) = operators_of_draft(one(kind, inputs, *results, **options))
    return found


def save(builder: FileBuilder, path: Path) -> Path:
    """Write the file."""
    names: Mapping[str, Mapping[str, int]] = {
        "inputs": {builder.tensors[i].name: i for i in builder.inputs},
        "outputs": {builder.tensors[i].name: i for i in builder.outputs},
    }
    path.write_bytes(write(builder, signature=names, metadata={}))
    return path


def on_cpu_whole(path: Path) -> bool:
    """Whether XNNPACK took every operator, as LiteRT says."""
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.hardware_accelerator import HardwareAccelerator

    model = CompiledModel.from_file(str(path), hardware_accel=HardwareAccelerator.CPU)
    return bool(model.is_fully_accelerated())
