"""Types and quantisation of a .tflite file's tensors, in the form of ``Interpreter.get_tensor_details()``.

Read from the file itself: runtimes other than the interpreter do not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mobilekit.errors import ModelFileError
from mobilekit.runtimes.tflite_file import DTYPES


def read_details(path: Path, indices: tuple[int, ...]) -> dict[int, dict[str, Any]]:
    """``dtype`` (a NumPy type), ``shape`` and ``quantization_parameters`` of some tensors of subgraph 0.

    Raises ModelFileError for a tensor that holds no numbers.
    """
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.Model.GetRootAs(path.read_bytes()).Subgraphs(0)
    return {index: _details(path, graph.Tensors(index)) for index in indices}


def read_names(path: Path, indices: Sequence[int]) -> tuple[str, ...]:
    """What runtimes that go by signatures call these inputs or outputs of subgraph 0.

    That is the first signature's name for the tensor; the tensor's own in a file without signatures.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(path.read_bytes())
    graph = model.Subgraphs(0)
    names = {index: graph.Tensors(index).Name().decode() for index in indices}
    if model.SignatureDefsLength():
        signature = model.SignatureDefs(0)
        maps = [signature.Inputs(i) for i in range(signature.InputsLength())]
        maps += [signature.Outputs(i) for i in range(signature.OutputsLength())]
        names |= {int(entry.TensorIndex()): entry.Name().decode() for entry in maps}
    return tuple(names[index] for index in indices)


def _details(path: Path, tensor: Any) -> dict[str, Any]:
    if tensor.Type() not in DTYPES:
        message = f"{path}: tensor {tensor.Name()!r} holds no numbers (TensorType {tensor.Type()})"
        raise ModelFileError(message)
    said = tensor.Quantization()
    length = said.ScaleLength() if said is not None else 0
    return {
        "dtype": np.dtype(DTYPES[tensor.Type()].value),
        "shape": tuple(int(tensor.Shape(i)) for i in range(tensor.ShapeLength())),
        "quantization_parameters": {
            "scales": np.array([said.Scale(i) for i in range(length)], np.float32),
            "zero_points": np.array(
                [said.ZeroPoint(i) if i < said.ZeroPointLength() else 0 for i in range(length)], np.int64
            ),
            "quantized_dimension": said.QuantizedDimension() if length else 0,
        },
    }
