"""How exact a model's own result is in float32: what its rounding alone can change.

A network that normalises an almost constant map magnifies the last bits of what it read. Two correct
float32 programs then differ by far more than elsewhere, and neither is wrong. Stochastic arithmetic
(Vignes, "A stochastic arithmetic for reliable scientific computation", 1993) measures that: the model is
run again with every intermediate result off by about its own rounding error.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.metrics import psnr
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.functions import inlined
from mobilekit.source.graph import graph_from_proto

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    import onnx

    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed

ROUNDING = 2.0**-23
"""Relative: twice the rounding of one result, since sums and products inside an operator round too."""

_MOVES = ("Concat", "Expand", "Flatten", "Gather", "Pad", "Reshape", "Slice", "Split", "Tile", "Transpose")
_FIXED = ("Constant", "Shape", "Size")
_SUMS = ("ReduceMean", "ReduceSum", "GlobalAveragePool")
_ROUNDS = 2
_MARGIN_DB = 6.0
_LEAST_DB = 40.0
"""A model whose own rounding costs more than that gets no allowance: nothing could be told from noise."""


_RANDOM_OPSET = 21


def is_within_rounding(
    graph: Graph,
    samples: Sequence[Feed],
    wanted: Sequence[Mapping[str, Array]],
    got: Sequence[Mapping[str, Array]],
) -> bool:
    """Whether ``got`` differs from ``wanted`` (what ``graph`` gave) by no more than rounding can explain.

    Float outputs only; any other output must be equal.
    """
    for feed, expected, found in zip(samples, wanted, got, strict=True):
        if any(a.dtype.kind != "f" and not np.array_equal(a, found[n]) for n, a in expected.items()):
            return False
        limits = float32_limits(graph, feed)
        if any(not allows(limits.get(n), value) for n, value in _psnrs(expected, found).items()):
            return False
    return True


def allows(limit_db: float | None, psnr_db: float) -> bool:
    """Whether an output of ``psnr_db`` is as near as the limit of float32 lets any program be."""
    return limit_db is not None and limit_db >= _LEAST_DB and psnr_db >= limit_db - _MARGIN_DB


def float32_limits(graph: Graph, feed: Feed) -> dict[str, float]:
    """Per float output the PSNR (dB) of ``graph`` against itself with its roundings disturbed.

    An output that does not change is left out: its result is exact. The noise is seeded by position,
    so that the limits are the same every time on one machine.
    """
    plain = graph_from_proto(inlined(graph.proto()), stage=graph.stage)
    fixed = {tensor.name for tensor in plain.proto().graph.initializer}
    sums = [n for n in plain.proto().graph.node if n.op_type in _SUMS and n.input[0] not in fixed]
    taps = sorted({name for node in sums for name in (node.input[0], node.output[0])})
    with open_graph(plain, taps=taps, optimise=False) as session:
        found = {**feed, **session.run(feed, taps=taps)}
        expected = {spec.name: found[spec.name] for spec in session.outputs}
    flat = {node.output[0] for node in sums if _is_flat(found[node.input[0]], found[node.output[0]])}
    limits: dict[str, float] = {}
    for seed in range(_ROUNDS):
        with open_graph(_disturbed(plain, seed, flat), optimise=False) as session:
            for name, limit in _psnrs(expected, session.run(feed)).items():
                limits[name] = min(limit, limits.get(name, limit))
    return limits


def _psnrs(expected: Mapping[str, Array], got: Mapping[str, Array]) -> dict[str, float]:
    found = {name: psnr(array, got[name]) for name, array in expected.items() if array.dtype.kind == "f"}
    return {name: value for name, value in found.items() if value is not None}


def _is_flat(terms: Array, sums: Array) -> bool:
    """Whether terms of some sum (of the same rank: axes are kept) differ by less than its last bits.

    Every addition then rounds the same way: such errors add up instead of cancelling out.
    """
    if terms.ndim != sums.ndim or not sums.size or terms.size <= sums.size:
        return False
    over = tuple(i for i, side in enumerate(terms.shape) if sums.shape[i] != side)
    wide = terms.astype(np.float64)
    centre = np.abs(wide.mean(axis=over))
    bits = terms.size / sums.size * ROUNDING
    return bool(((wide.std(axis=over) <= bits * centre) & (centre > 0)).any())


def _disturbed(graph: Graph, seed: int, flat: AbstractSet[str] = frozenset()) -> Graph:
    """::

    node ─ y        becomes        node ─ y/exact ─ Mul(RandomNormalLike: mean 1, deviation 2^-23) ─ y

    Functions are inlined first. A sum of n terms rounds n times: its deviation is √n as large. Equal terms
    (``flat``) added one by one all round the same way, by up to n/4 (Higham, "The accuracy of floating
    point summation", 1993); n/8 is taken: LiteRT's MEAN of 96×96 equal values is off by n/12. What
    follows from constants and shapes alone stays: it may say sizes, or how a Resize scales.
    """
    import onnx

    model = onnx.shape_inference.infer_shapes(inlined(graph.proto()), data_prop=True)
    sizes = _float_sizes(model)
    nodes: list[onnx.NodeProto] = []
    fixed = {"", *(tensor.name for tensor in model.graph.initializer)}
    for index, node in enumerate(model.graph.node):
        nodes.append(node)
        if node.op_type in _FIXED or (node.input and fixed.issuperset(node.input)):
            fixed.update(node.output)
            continue
        for place, name in enumerate(node.output):
            if name not in sizes or node.op_type in _MOVES:
                continue
            terms = sizes.get(node.input[0], 1) / max(1, sizes[name]) if node.op_type in _SUMS else 1
            node.output[place] = f"{name}/exact"
            noise: dict[str, Any] = {
                "mean": 1.0,
                "scale": ROUNDING * max(math.sqrt(max(1.0, terms)), terms / 8 if name in flat else 1.0),
                "seed": float(seed * 1_000_003 + index),
            }
            nodes.append(
                onnx.helper.make_node("RandomNormalLike", [f"{name}/exact"], [f"{name}/noise"], **noise)
            )
            nodes.append(onnx.helper.make_node("Mul", [f"{name}/exact", f"{name}/noise"], [name]))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    _with_random_kernels(model)
    return graph_from_proto(model, stage=graph.stage)


def _with_random_kernels(model: onnx.ModelProto) -> None:
    """ONNX Runtime 1.26 has random numbers up to opset 21. Later ones only gave operators more types."""
    import onnx

    imported = next(o for o in model.opset_import if o.domain in ("", "ai.onnx"))
    known = all(
        onnx.defs.has(node.op_type, _RANDOM_OPSET, "") for node in model.graph.node if not node.domain
    )
    if known:
        imported.version = min(imported.version, _RANDOM_OPSET)


def _float_sizes(model: onnx.ModelProto) -> dict[str, int]:
    """The number of elements of every float32 value whose shape is known."""
    import onnx

    found = {}
    for value in (*model.graph.input, *model.graph.value_info, *model.graph.output):
        tensor = value.type.tensor_type
        if tensor.elem_type == onnx.TensorProto.FLOAT:
            found[value.name] = math.prod(d.dim_value for d in tensor.shape.dim)
    return found
