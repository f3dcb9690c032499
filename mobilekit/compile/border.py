"""What a compiled file must keep: inputs and outputs are those of the file that it was compiled from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mobilekit.errors import UnsoundArtifactError

_DISPATCH = "DISPATCH_OP"
"""LiteRT's custom operator that hands a partition to the NPU."""


def check_same_border(original: Path, compiled: Path, *, where: str) -> None:
    """Names, types, shapes and quantisation of inputs and outputs agree, in order.

    Raises UnsoundArtifactError naming the first that differs; ``where`` is what was compiled for.
    """
    want, got = list(_border(original)), list(_border(compiled))
    for expected, found in zip(want, got, strict=False):
        if expected != found:
            message = f"the file compiled for {where} has {_words(found)}, expected {_words(expected)}"
            raise UnsoundArtifactError(message, hint="leave this chip out of --npu")
    if len(want) != len(got):
        message = f"the file compiled for {where} has {len(got)} inputs and outputs, expected {len(want)}"
        raise UnsoundArtifactError(message, hint="leave this chip out of --npu")


def remaining_operators(compiled: Path) -> dict[str, int]:
    """How often each operator that the compiler left to the CPU occurs, by its name in the schema."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(compiled.read_bytes())
    graph = model.Subgraphs(0)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    found: list[str] = []
    for i in range(graph.OperatorsLength()):
        code = model.OperatorCodes(graph.Operators(i).OpcodeIndex())
        if (code.CustomCode() or b"").decode() != _DISPATCH:
            found.append(names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())])
    return {name: found.count(name) for name in sorted(set(found))}


def _border(path: Path) -> Iterator[tuple[str, str, int, tuple[int, ...], tuple[float, ...]]]:
    """Inputs, then outputs: kind, name of the signature, type, shape, scale and zero point."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(path.read_bytes())
    graph, signature = model.Subgraphs(0), model.SignatureDefs(0)
    for kind, count, entry in (
        ("input", signature.InputsLength(), signature.Inputs),
        ("output", signature.OutputsLength(), signature.Outputs),
    ):
        for i in range(count):
            named = entry(i)
            tensor = graph.Tensors(named.TensorIndex())
            shape = tuple(int(tensor.Shape(axis)) for axis in range(tensor.ShapeLength()))
            yield kind, named.Name().decode(), int(tensor.Type()), shape, _scale(tensor.Quantization())


def _scale(found: Any) -> tuple[float, ...]:
    if found is None or not found.ScaleLength():
        return ()
    return float(found.Scale(0)), float(found.ZeroPoint(0))


def _words(entry: tuple[str, str, int, tuple[int, ...], tuple[float, ...]]) -> str:
    kind, name, dtype, shape, scale = entry
    return f"{kind} {name!r} of type {dtype}, shape {list(shape)}, scale {list(scale)}"
