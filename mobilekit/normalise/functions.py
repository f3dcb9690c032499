"""The model-local functions of domain ``mobilekit``, which ONNX Runtime executes: one per normalisation."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mobilekit.normalise.node import MOBILEKIT

if TYPE_CHECKING:
    import onnx

_OPSET = 21
# The attribute of ONNX's reductions is an input since opset 18: a Constant that takes the function's own.
_BODIES = {
    "Normalize": """
        <domain: "mobilekit", opset_import: ["" : 21]>
        Normalize <axes, outside: float = 0.0> (X, scale, bias, epsilon) => (Y)
        {
          over = Constant <value_ints: ints = @axes> ()
          mean = ReduceMean <keepdims: int = 1> (X, over)
          centred = Sub (X, mean)
          squared = Mul (centred, centred)
          variance = ReduceMean <keepdims: int = 1> (squared, over)
          shifted = Add (variance, epsilon)
          root = Sqrt (shifted)
          added = Constant <value_float: float = @outside> ()
          typed = CastLike (added, X)
          deviation = Add (root, typed)
          unit = Div (centred, deviation)
          scaled = Mul (unit, scale)
          Y = Add (scaled, bias)
        }
    """,
    "GroupNormalize": """
        <domain: "mobilekit", opset_import: ["" : 21]>
        GroupNormalize <groups> (X, scale, bias, epsilon) => (Y)
        {
          count = Constant <value_int: int = @groups> ()
          axis = Constant <value_ints = [0]> ()
          counts = Unsqueeze (count, axis)
          keep = Constant <value_ints = [0]> ()
          rest = Constant <value_ints = [-1]> ()
          grouped_shape = Concat <axis: int = 0> (keep, counts, rest)
          grouped = Reshape (X, grouped_shape)
          over = Constant <value_ints = [2]> ()
          mean = ReduceMean <keepdims: int = 1> (grouped, over)
          centred = Sub (grouped, mean)
          squared = Mul (centred, centred)
          variance = ReduceMean <keepdims: int = 1> (squared, over)
          whole_shape = Shape (X)
          ones = ConstantOfShape <value: tensor = float[1] {1.0}> (whole_shape)
          typed_ones = CastLike (ones, X)
          spread_flat = Reshape (typed_ones, grouped_shape)
          spread_variance = Mul (spread_flat, variance)
          full_variance = Reshape (spread_variance, whole_shape)
          whole = Reshape (centred, whole_shape)
          shifted = Add (full_variance, epsilon)
          deviation = Sqrt (shifted)
          unit = Div (whole, deviation)
          scaled = Mul (unit, scale)
          Y = Add (scaled, bias)
        }
    """,
    "RmsNormalize": """
        <domain: "mobilekit", opset_import: ["" : 21]>
        RmsNormalize <axes> (X, scale, epsilon) => (Y)
        {
          over = Constant <value_ints: ints = @axes> ()
          squared = Mul (X, X)
          power = ReduceMean <keepdims: int = 1> (squared, over)
          shifted = Add (power, epsilon)
          deviation = Sqrt (shifted)
          unit = Div (X, deviation)
          Y = Mul (unit, scale)
        }
    """,
}
FUNCTION_NAMES = tuple(_BODIES)
"""Inputs X, scale, bias (not of RmsNormalize), epsilon; the attribute axes, of GroupNormalize groups.

``outside`` of Normalize is added to the root, where epsilon is added under it.
"""


@cache
def _function(name: str) -> bytes:
    import onnx

    return onnx.parser.parse_function(_BODIES[name]).SerializeToString(deterministic=True)


def function(name: str, *, opset: int = _OPSET) -> onnx.FunctionProto:
    """The FunctionProto of one of :data:`FUNCTION_NAMES`, for a model of this opset (21 to 25)."""
    import onnx

    found = onnx.FunctionProto.FromString(_function(name))
    # A function must import what its model imports; its operators mean the same in all of these opsets.
    found.opset_import[0].version = opset
    return found


def attach_functions(model: onnx.ModelProto) -> None:
    """Give ``model`` exactly the functions that its nodes use, and the import of their domain."""
    import onnx

    used = {n.op_type for n in model.graph.node if n.domain == MOBILEKIT}
    opset = next(o.version for o in model.opset_import if not o.domain)
    del model.functions[:]
    model.functions.extend(function(name, opset=opset) for name in FUNCTION_NAMES if name in used)
    imports = [o for o in model.opset_import if o.domain != MOBILEKIT]
    del model.opset_import[:]
    model.opset_import.extend(imports)
    if used:
        model.opset_import.append(onnx.helper.make_opsetid(MOBILEKIT, 1))


def infer_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """``model`` with the type and shape of every value that ONNX's inference can tell.

    Inference goes through the functions of domain ``mobilekit``: an output has the type of X.
    """
    import onnx

    return onnx.shape_inference.infer_shapes(model, data_prop=True, strict_mode=False)
