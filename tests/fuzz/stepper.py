"""ONNX Runtime node by node, without its optimiser; on demand with every result off by a little.

The second is how a graph shows that it stands on a step: a value on an edge of Floor or a tie of ArgMax
falls to either side when what it is computed from is off by more than rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

NOISE = 1e-5
"""Relative; some eighty times the rounding of a float32."""
NOISE_HALF = 4e-3

# Their results are exact, or as exact as what they read.
EXACT = frozenset({
    "Abs", "And", "ArgMax", "ArgMin", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor",
    "Cast", "CastLike", "Ceil", "CenterCropPad", "Clip", "Compress", "Concat", "Constant",
    "ConstantOfShape", "DepthToSpace", "Dropout", "Equal", "Expand", "EyeLike", "Flatten", "Floor",
    "Gather", "GatherElements", "GatherND", "GlobalMaxPool", "Greater", "GreaterOrEqual", "Hardmax",
    "Identity", "IsInf", "IsNaN", "Less", "LessOrEqual", "Max", "MaxPool", "Min", "Neg", "Not", "OneHot",
    "Or", "Pad", "Range", "ReduceMax", "ReduceMin", "Relu", "Reshape", "ReverseSequence", "Round",
    "Shape", "Sign", "Size", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "TopK", "Transpose",
    "Trilu", "Unsqueeze", "Where", "Xor",
})  # fmt: skip


class NodeError(Exception):
    """ONNX Runtime refuses the node, or fails on it."""


def reads_of(node: onnx.NodeProto) -> list[str]:
    """What a node reads: its inputs, and what its subgraphs take from outside."""
    found = [name for name in node.input if name]
    for graph in (a.g for a in node.attribute if a.HasField("g")):
        inside = {v.name for v in graph.input} | {t.name for t in graph.initializer}
        inside |= {name for inner in graph.node for name in inner.output}
        found += [name for inner in graph.node for name in reads_of(inner) if name not in inside]
    return found


class Runner:
    """One node in a session of its own."""

    def __init__(
        self,
        node: onnx.NodeProto,
        opset: int,
        types: Mapping[str, np.ndarray],
        constants: Mapping[str, np.ndarray],
        functions: Sequence[onnx.FunctionProto] = (),
    ):
        self.node = node
        names = dict.fromkeys(reads_of(node))
        self.reads = [n for n in names if n not in constants]
        self.writes = [n for n in node.output if n]
        graph = helper.make_graph(
            [node],
            "node",
            [_info(name, types[name]) for name in self.reads],
            [helper.make_empty_tensor_value_info(name) for name in self.writes],
            [numpy_helper.from_array(constants[n], n) for n in names if n in constants],
        )
        called = [f for f in functions if (f.domain, f.name) == (node.domain, node.op_type)]
        self.op = called[0].node[0].op_type if called else node.op_type
        opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(f.domain, 1) for f in called)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10, functions=called)
        self._session = open_session(model, optimise=False)

    def run(self, values: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        return run_session(self._session, self.writes, {name: values[name] for name in self.reads})


def run_session(session, names: Sequence[str], feed: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The values called ``names``. Raises NodeError where ONNX Runtime fails."""
    try:
        return session.run(list(names), dict(feed))
    except Exception as error:
        raise NodeError(str(error)) from error


def open_session(model: onnx.ModelProto, *, optimise: bool):
    """A quiet session on one thread. Raises NodeError where ONNX Runtime refuses the model."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    if not optimise:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise NodeError(str(error)) from error


class Stepper:
    """A model as its nodes, each in a session of its own. ``feed`` is a first feed, which gives the types."""

    def __init__(self, model: onnx.ModelProto, feed: Mapping[str, np.ndarray]) -> None:
        self._constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
        self._outputs = [value.name for value in model.graph.output]
        opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        values = dict(feed)
        self._runners: list[Runner] = []
        for node in model.graph.node:
            runner = Runner(node, opset, values, self._constants, model.functions)
            results = dict(zip(runner.writes, runner.run(values), strict=True))
            if node.op_type == "Constant":
                self._constants.update(results)
            else:
                self._runners.append(runner)
                values.update(results)

    def run(self, feed: Mapping[str, np.ndarray], *, noise: Noise | None = None) -> dict[str, np.ndarray]:
        """Every value of the graph by name."""
        values = {n: noise(v) if noise and not _is_integral(v) else v for n, v in feed.items()}
        for runner in self._runners:
            results = runner.run(values)
            if noise and runner.op not in EXACT and not _is_whole(runner, values, self._constants):
                results = [noise(r) for r in results]
            values.update(zip(runner.writes, results, strict=True))
        return values

    def outputs(self, feed: Mapping[str, np.ndarray], *, noise: Noise | None = None) -> dict[str, np.ndarray]:
        return self.outputs_of(self.run(feed, noise=noise))

    def outputs_of(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The graph's outputs among what :meth:`run` gave."""
        known = {**self._constants, **values}
        return {name: known[name] for name in self._outputs}


class Noise:
    """Moves every number of a float array by about ``NOISE`` of itself and of the array; zeros stay.

    No two move equally far. Seeds go in pairs, an odd one moves everything the other way: one of the two
    breaks a tie otherwise than ONNX Runtime does.
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed // 2)
        self._way = -1.0 if seed % 2 else 1.0

    def __call__(self, values: np.ndarray) -> np.ndarray:
        if values.dtype.kind != "f" or not values.size:
            return values
        size = NOISE_HALF if values.dtype.itemsize == 2 else NOISE
        wide = values.astype(np.float64)
        spread = np.sqrt(np.mean(wide[np.isfinite(wide)] ** 2)) if np.isfinite(wide).any() else 0.0
        far = self._rng.choice([-1.0, 1.0], values.shape) * self._rng.uniform(0.5, 1.0, values.shape)
        step = size * (np.abs(wide) + 0.1 * spread) * far * self._way
        return np.where(wide == 0, wide, wide + step).astype(values.dtype)


def _is_integral(values: np.ndarray) -> bool:
    """Whether all numbers are integers that a float32 holds: sums and products of such are exact."""
    finite = bool(np.isfinite(values).all())
    return finite and bool(
        (np.abs(values.astype(np.float64)) < 2**20).all() and (values == np.round(values)).all()
    )


def _is_whole(runner: Runner, values: Mapping, constants: Mapping) -> bool:
    if runner.op not in (
        "Add",
        "Sub",
        "Mul",
        "Sum",
        "ReduceSum",
        "MatMul",
        "Gemm",
        "Conv",
        "CumSum",
    ):
        return False
    known = {**constants, **values}
    return all(_is_integral(known[n]) for n in runner.node.input if n and known[n].dtype.kind == "f")


def _info(name: str, value: np.ndarray):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)


def finite(values: Sequence[np.ndarray]) -> bool:
    return all(v.dtype.kind != "f" or bool(np.isfinite(v).all()) for v in values)
