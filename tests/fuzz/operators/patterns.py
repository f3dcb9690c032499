"""What exporters write with several nodes: norms and activations written out, shuffles, shape arithmetic."""

from __future__ import annotations

import numpy as np

from tests.fuzz.draft import Draft, Value
from tests.fuzz.operators.convolution import image
from tests.fuzz.operators.normalisation import varied


def _mean(d: Draft, x: Value, axes: list[int]) -> Value:
    if d.opset < 18:
        return d.add("ReduceMean", [x], axes=axes, keepdims=1)[0]
    return d.add("ReduceMean", [x, d.constant(np.asarray(axes))], keepdims=1)[0]


def _norm(d: Draft) -> None:
    """``(x - mean) / sqrt(var + epsilon) * scale + bias`` in several spellings."""
    x = d.operand(
        ranks=(2, 3, 4), where=lambda v: varied(v, (-1,)) and v.shape[-1] > 1, shape=lambda: (2, 3, 7)
    )
    axes = d.choose.of([[-1], [x.rank - 1], *([[2, 3]] if x.rank == 4 else [])])
    (centred,) = d.add("Sub", [x, _mean(d, x, axes)])
    square = d.choose.of(["Mul", "Pow"])
    (squares,) = (
        d.add("Mul", [centred, centred]) if square == "Mul" else d.add("Pow", [centred, d.scalar(2.0)])
    )
    (variance,) = d.add("Add", [_mean(d, squares, axes), d.scalar(1e-3)])
    (deviation,) = d.add("Sqrt", [variance])
    if d.choose.chance(50):
        (result,) = d.add("Div", [centred, deviation])
    else:
        (result,) = d.add("Mul", [centred, d.add("Reciprocal", [deviation])[0]])
    shape = (x.shape[-1],) if axes[0] in (-1, x.rank - 1) else (x.shape[1], 1, 1)
    if d.choose.chance(60):
        (result,) = d.add("Mul", [result, d.weight(shape)])
        d.add("Add", [result, d.weight(shape)])


def _silu(d: Draft) -> None:
    x = d.operand()
    d.add("Mul", [x, d.add("Sigmoid", [x])[0]])


def _gelu(d: Draft) -> None:
    x = d.operand()
    (inner,) = d.add("Erf", d.add("Div", [x, d.scalar(2**0.5)]))
    (outer,) = d.add("Mul", [x, d.add("Add", [inner, d.scalar(1.0)])[0]])
    d.add("Mul", [outer, d.scalar(0.5)])


def _hard_swish(d: Draft) -> None:
    x = d.operand()
    (moved,) = d.add("Add", [x, d.scalar(3.0)])
    (clipped,) = d.add("Clip", [moved], min=0.0, max=6.0) if d.opset < 11 else d.add(
        "Clip", [moved, d.scalar(0.0), d.scalar(6.0)]
    )  # fmt: skip
    (product,) = d.add("Mul", [x, clipped])
    d.add("Div", [product, d.scalar(6.0)])


def _shuffle(d: Draft) -> None:
    """Channels in groups, exchanged: Reshape, Transpose, Reshape."""
    x = d.operand(ranks=(4,), where=lambda v: v.shape[1] % 2 == 0, shape=lambda: (1, 4, 3, 5))
    n, c, h, w = x.shape
    (split,) = d.add("Reshape", [x, d.ints([n, 2, c // 2, h, w])])
    perm = d.choose.of([[0, 2, 1, 3, 4], [0, 2, 1, 4, 3], [0, 1, 2, 4, 3]])
    (turned,) = d.add("Transpose", [split], perm=perm)
    d.add("Reshape", [turned, d.ints([n, c, *turned.shape[3:]])])


def _upsample(d: Draft) -> None:
    """Nearest upsampling as Reshape, Expand (or Tile), Reshape."""
    x = d.operand(ranks=(4,), shape=lambda: (1, 2, 3, 5))
    n, c, h, w = x.shape
    a, b = d.choose.of([(2, 2), (1, 2), (2, 3)])
    (apart,) = d.add("Reshape", [x, d.ints([n, c, h, 1, w, 1])])
    (repeated,) = (
        d.add("Expand", [apart, d.ints([n, c, h, a, w, b])])
        if d.opset >= 8 and d.choose.chance(50)
        else d.add("Tile", [apart, d.ints([1, 1, 1, a, 1, b])])
    )
    d.add("Reshape", [repeated, d.ints([n, c, h * a, w * b])])


def _flatten(d: Draft) -> None:
    """``Reshape(x, Concat(Unsqueeze(Gather(Shape(x), 0)), [-1]))``."""
    x = d.operand(ranks=range(2, 6))
    size = d.node("Gather", [d.node("Shape", [x.name]), d.constant(np.asarray(0))], axis=0)
    shape = d.node("Concat", [d.unsqueeze(size, [0]), d.constant(np.asarray([-1]))], axis=0)
    d.add("Reshape", [x, shape])


def _squeeze_excite(d: Draft) -> None:
    x = image(d)
    (pooled,) = d.add("GlobalAveragePool", [x])
    weights = d.weight((x.shape[1], x.shape[1], *(1,) * (x.rank - 2)), runtime=0)
    (gate,) = d.add("Sigmoid", d.add("Conv", [pooled, weights]))
    d.add("Mul", [x, gate])


def _there_and_back(d: Draft) -> None:
    """An operator between two transposes."""
    x = d.operand(ranks=(3, 4))
    perm = d.choose.some(range(x.rank), least=x.rank)
    back = [perm.index(axis) for axis in range(x.rank)]
    (turned,) = d.add("Transpose", [x], perm=perm)
    op = d.choose.of(["Relu", "Sigmoid", "Add", "Softmax", "Concat"])
    if op == "Add":
        (done,) = d.add("Add", [turned, d.weight((turned.shape[-1],))])
    elif op == "Concat":
        (done,) = d.add("Concat", [turned, turned], axis=1)
    else:
        (done,) = d.add(op, [turned])
    d.add("Transpose", [done], perm=back)


def _affine_conv(d: Draft) -> None:
    """Constant scales and shifts before or after a convolution."""
    x = d.operand(ranks=(4,), shape=lambda: (1, 3, 5, 7))
    before, pads = d.choose.chance(50), [d.choose.of([1, 0])] * 4
    if before:
        (x,) = d.add("Mul", [x, d.weight((x.shape[1], 1, 1), low=0.2, high=2.0, runtime=0)])
        (x,) = d.add(d.choose.of(["Add", "Sub"]), [x, d.weight((x.shape[1], 1, 1), runtime=0)])
    (y,) = d.add("Conv", [x, d.weight((4, x.shape[1], 3, 3), low=-1.0, high=1.0, runtime=0)], pads=pads)
    (y,) = d.add("Mul", [y, d.weight((4, 1, 1), low=0.2, high=2.0, runtime=0)])
    (y,) = d.add("Add", [y, d.weight((4, 1, 1), runtime=0)])
    d.add(d.choose.of(["Relu", "LeakyRelu", "Tanh"]), [y])


NEEDS = {
    "norm written out": "ReduceMean", "SiLU written out": "Sigmoid", "GELU written out": "Erf",
    "HardSwish written out": "Clip", "channel shuffle": "Reshape", "nearest upsampling by Expand": "Tile",
    "flatten by shape arithmetic": "Shape", "squeeze and excite": "Conv", "between transposes": "Transpose",
    "affine around Conv": "Conv",
}  # fmt: skip
"""The pattern and an operator that it cannot do without."""

TABLE = {
    "norm written out": _norm,
    "SiLU written out": _silu,
    "GELU written out": _gelu,
    "HardSwish written out": _hard_swish,
    "channel shuffle": _shuffle,
    "nearest upsampling by Expand": _upsample,
    "flatten by shape arithmetic": _flatten,
    "squeeze and excite": _squeeze_excite,
    "between transposes": _there_and_back,
    "affine around Conv": _affine_conv,
}
