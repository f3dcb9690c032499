"""Which tensor of a .tflite file of ours holds the int8 integers of an ONNX value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mobilekit.runtimes.tflite_details import read_details
from mobilekit.runtimes.tflite_file import TfliteTensor, read_border

_INTEGERS = (np.dtype(np.int8), np.dtype(np.int16))


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerTensor:
    """Tensor ``index`` of the file = ``scale`` × (integer − ``zero_point``), the ONNX axes permuted."""

    index: int
    permutation: tuple[int, ...]
    scale: float
    zero_point: int


def integer_tensors(path: Path) -> dict[str, tuple[IntegerTensor, ...]]:
    """The integer tensors of every ONNX value that has some: its own, and what QUANTIZE makes of it.

    Raises ModelFileError for a file that is missing or damaged.
    """
    border = read_border(path)
    known: dict[str, TfliteTensor] = {t.spec.name: t for t in (*border.inputs, *border.outputs)}
    known = {**border.tensors, **known, **border.tensors}
    made = _quantised(path)
    wanted = {name: (t.index, *made.get(t.index, ())) for name, t in known.items()}
    details = read_details(path, tuple(sorted({i for each in wanted.values() for i in each})))
    found: dict[str, tuple[IntegerTensor, ...]] = {}
    for name, indices in wanted.items():
        tensors = []
        for index in indices:
            said = details[index]["quantization_parameters"]
            if details[index]["dtype"] in _INTEGERS and len(said["scales"]) == 1:
                tensors.append(
                    IntegerTensor(
                        index=index,
                        permutation=known[name].permutation,
                        scale=float(said["scales"][0]),
                        zero_point=int(said["zero_points"][0]),
                    )
                )
        if tensors:
            found[name] = tuple(tensors)
    return found


def _quantised(path: Path) -> dict[int, tuple[int, ...]]:
    """The tensors that QUANTIZE operators make of a tensor."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(path.read_bytes())
    graph = model.Subgraphs(0)
    found: dict[int, tuple[int, ...]] = {}
    for place in range(graph.OperatorsLength()):
        operator = graph.Operators(place)
        code = model.OperatorCodes(operator.OpcodeIndex())
        if code.BuiltinCode() == schema.BuiltinOperator.QUANTIZE:
            source = int(operator.Inputs(0))
            found[source] = (*found.get(source, ()), int(operator.Outputs(0)))
    return found
