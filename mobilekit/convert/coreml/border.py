"""Inputs and outputs: multi-arrays of float32 or int32 around values of any ONNX type."""

from __future__ import annotations

from typing import Any

import numpy as np

from mobilekit.convert.coreml.emitter import Emitter, held_shape
from mobilekit.libraries import coremltools


def _carried(emitter: Emitter, name: str) -> str:
    return "fp32" if emitter.view.dtypes[name].kind == "f" else "int32"


def placeholder(emitter: Emitter, name: str) -> Any:
    """The multi-array that brings ``name``; a scalar comes as one of shape [1]."""
    types = coremltools().converters.mil.mil.types
    dtype = types.fp32 if _carried(emitter, name) == "fp32" else types.int32
    return emitter.builder.placeholder(shape=held_shape(emitter.view.shapes[name]) or (1,), dtype=dtype)


def add_input(emitter: Emitter, name: str, var: Any) -> None:
    """Let the function's input ``var`` hold ``name``."""
    if not emitter.view.shapes[name]:
        var = emitter.builder.squeeze(x=var, axes=np.array([0], np.int32), name=emitter.names.take(name))
    if emitter.view.dtypes[name].kind == "b":
        var = emitter.builder.cast(x=var, dtype="bool", name=emitter.names.take(f"{name}_bool"))
    emitter.define(name, var, "fp32", where="input")


def add_output(emitter: Emitter, name: str, feature: str) -> Any:
    """The Var called ``feature`` that holds ``name`` as a multi-array."""
    var = emitter.value(name, "fp32")
    steps: list[tuple[str, dict[str, Any]]] = []
    if emitter.view.dtypes[name].kind == "b":
        steps.append(("cast", {"dtype": "int32"}))
    if not emitter.view.shapes[name]:
        steps.append(("expand_dims", {"axes": np.array([0], np.int32)}))
    made_for_it = var.op is not None and var.op.op_type != "const" and len(var.op.outputs) == 1
    if not steps and not (made_for_it and emitter.is_only(name, var)):
        steps.append(("identity", {}))
    for kind, options in steps:
        label = emitter.names.take(f"{name}_{kind}")
        var = getattr(emitter.builder, kind)(x=var, name=label, **options)
    emitter.rename(var, feature)
    return var
