"""Whole graphs: a few operators in a row, what they read and what they give."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
from hypothesis import assume
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from tests.fuzz.choice import Choice
from tests.fuzz.draft import Draft, Unfit
from tests.fuzz.functions import wrap_some
from tests.fuzz.operators import TABLE, available
from tests.fuzz.stepper import reads_of

OPSETS = range(7, 26)
MOST_NODES = 10
_SPARE = 12  # operators that may turn out not to fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model, feeds in its inputs' own types, the shapes of inputs declared without, images' descriptions."""

    model: onnx.ModelProto
    feeds: tuple[Mapping[str, np.ndarray], ...]
    shapes: Mapping[str, tuple[int, ...]]
    images: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def operators_of(case: Case) -> tuple[str, ...]:
    """The operators in order, those of functions too: graphs that agree in this are much alike."""
    inner = {(f.domain, f.name): f.node[0].op_type for f in case.model.functions}
    return tuple(inner.get((n.domain, n.op_type), n.op_type) for n in case.model.graph.node)


@st.composite
def cases(draw, most: int = MOST_NODES, only: Collection[str] = TABLE) -> Case:
    """Graphs of up to ``most`` operators of ``only`` (patterns count once) that ONNX Runtime runs."""
    choose = Choice(draw)
    opset = choose.of([17, *OPSETS])
    dtype = choose.of([np.float32] * 18 + [np.float64, np.float16])
    draft = Draft(choose, opset, np.dtype(dtype), seed=choose.integer(0, 9999))
    names = [name for name in available(opset) if name in only]
    assume(names)
    wanted = choose.integer(1, most)
    made = 0
    for _ in range(wanted + _SPARE):
        if made < wanted:
            made += _try(draft, choose.of(names))
    assume(made and draft.inputs)
    return _finish(draft)


def _try(draft: Draft, name: str) -> bool:
    """Add an operator; where it does not fit, leave no trace of it."""
    kept = (
        list(draft.inputs),
        list(draft.values),
        list(draft.nodes),
        dict(draft.constants),
        dict(draft.known),
    )
    try:
        TABLE[name](draft)
    except Unfit:
        draft.inputs, draft.values, draft.nodes, draft.constants, draft.known = kept
        return False
    return True


def _finish(draft: Draft) -> Case:
    choose = draft.choose
    used = {name for node in draft.nodes for name in reads_of(node)}
    computed = [v for v in draft.values if all(v.name != i.name for i in draft.inputs)]
    leaves = [v for v in computed if v.name not in used]
    # Some results are nobody's: what only they need must go. Others are read and given.
    outputs = [v for v in leaves if not choose.chance(8)] or leaves[-1:]
    outputs += [v for v in computed if v.name in used and choose.chance(6)]
    assume(outputs)
    graph = helper.make_graph(
        draft.nodes,
        "fuzz",
        [],
        [_declared(v.name, v.array, (None,) * v.rank if choose.chance(10) else v.shape) for v in outputs],
        [numpy_helper.from_array(array, name) for name, array in draft.constants.items() if name in used],
    )
    shapes = {}
    for given in draft.inputs:
        declared: list[int | str] = list(given.array.shape)
        if declared and choose.chance(6):
            declared[choose.integer(0, len(declared) - 1)] = "N"
            shapes[given.name] = given.array.shape
        graph.input.append(_declared(given.name, given.array, declared))
    if draft.opset < 9:  # initializers were inputs then
        graph.input.extend(
            _declared(t.name, draft.constants[t.name], list(t.dims)) for t in graph.initializer
        )
    ir = {7: 3, 8: 3}.get(draft.opset, 4 if draft.opset < 11 else 8 if draft.opset < 21 else 10)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", draft.opset)], ir_version=ir)
    if ir >= 8:
        wrap_some(choose, model, draft.opset)
    feeds = tuple({i.name: i.make(feed) for i in draft.inputs} for feed in range(draft.feeds))
    images = {i.name: _image(i.array) for i in draft.inputs if _is_image(i.array) and choose.chance(30)}
    return Case(model=model, feeds=feeds, shapes=shapes, images=images)


def _is_image(array: np.ndarray) -> bool:
    return (
        array.ndim == 4
        and array.dtype.kind == "f"
        and array.shape[1] in (1, 3)
        and array.shape[3] not in (1, 3)
    )


def _image(array: np.ndarray) -> dict[str, object]:
    """What a user says of an image: its layout in the file is another one then."""
    return {"kind": "image", "range": [-2.0, 2.0], "color": "gray" if array.shape[1] == 1 else "rgb"}


def _declared(name: str, array: np.ndarray, shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), shape)
