"""Values turned by turning what computes them; nothing is computed twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.legalise.legality_mil import check_legal_mil
from mobilekit.legalise.pipeline import legalise
from tests.legalise.mil import check_mil
from tests.legalise.support import more, noise, text_graph

HEAD = "g (float[1,6,4,5] x) => (float[1,6,4,5] y) { a = Transpose<perm=[0,2,3,1]> (x)"
TAIL = "y = Transpose<perm=[0,3,1,2]> (b) }"
CONSTANTS = {
    "c": noise(6, seed=1), "w": noise(6, 6, seed=2), "rows": np.array([20, 6]), "map": np.array([1, 4, 5, 6]),
    "axis": np.array([3]), "low": np.float32(-0.5),
}  # fmt: skip
BETWEEN = {
    "b = Sigmoid (a)": {"sigmoid": 1},
    "b = Add (a, c)": {"add": 1},
    "p = Abs (a) q = Sqrt (p) b = Mul (c, q)": {"abs": 1, "sqrt": 1, "mul": 1},
    "b = Softmax <axis=-1> (a)": {"softmax": 1},
    "b = Clip (a, low)": {"maximum": 1},
    "m = ReduceMean (a, axis) e = Exp (m) b = Mul (e, c)": {"reduce_mean": 1, "exp": 1, "mul": 1},
    "b = MatMul (a, w)": {"conv": 1},
    "r = Reshape (a, rows) p = MatMul (r, w) b = Reshape (p, map)": {"conv": 1},
}


def _found(text):
    used = {k: v for k, v in CONSTANTS.items() if f" {k})" in text or f"({k}," in text}
    return check_mil(text_graph(text, used), {"x": noise(1, 6, 4, 5)})


@pytest.mark.parametrize("line", BETWEEN)
def test_between_two_transposes(line):
    """What computes along the channels computes where they lie."""
    assert _found(f"{HEAD} {line} {TAIL}") == BETWEEN[line]


def test_value_read_twice_is_not_computed_twice():
    """The Transposes stay where doing without would compute something in both orders."""
    text = f"{HEAD} p = Sigmoid (a) b = Mul (p, c) q = Slice (p, one, two, three) z = Relu (q) {TAIL}"
    text = text.replace("float[1,6,4,5] y)", "float[1,6,4,5] y, float[1,4,5,1] z)")
    constants = {"c": CONSTANTS["c"], "one": np.array([1]), "two": np.array([2]), "three": np.array([3])}
    found = check_mil(text_graph(text, constants), {"x": noise(1, 6, 4, 5)})
    assert (found["sigmoid"], found["transpose"]) == (1, 2)


def test_reshape_that_mixes_axes():
    """Rows of another length are no channels: both Transposes are needed."""
    text = f"{HEAD} b = Reshape (a, map) {TAIL}".replace("float[1,6,4,5] y", "float[1,5,6,4] y")
    found = check_mil(text_graph(text, {"map": np.array([1, 6, 4, 5])}), {"x": noise(1, 6, 4, 5)})
    assert found == {"transpose": 2, "reshape": 1}


@given(seed=st.integers(0, 10**6))
@more
def test_chains(seed):
    """Whatever moves and computes one after the other: the same numbers, and never more Transposes."""
    rng = np.random.default_rng(seed)
    lines, constants, shape = [], {}, (1, 6, 4, 4)
    values = [("x", shape)]
    for step in range(int(rng.integers(3, 9))):
        source, shape = values[-1 if rng.random() < 0.8 else int(rng.integers(len(values)))]
        line, shape = _step(source, shape, [n for n, s in values if s == shape], f"k{step}", constants, rng)
        lines.append(f"v{step} = {line}")
        values.append((f"v{step}", shape))
    outputs = [values[-1], *([values[-2]] if rng.random() < 0.3 and len(values) > 2 else [])]
    said = ", ".join(f"float[{','.join(map(str, size))}] {name}" for name, size in outputs)
    graph = text_graph(f"g (float[1,6,4,4] x) => ({said}) {{ {' '.join(lines)} }}", constants)
    legal = legalise(graph, profile="coreml", samples=[{"x": noise(1, 6, 4, 4, seed=seed)}]).graph
    assert check_legal_mil(legal) == ()
    assert _moved(legal) <= _moved(graph)


def _moved(graph) -> int:
    """Transposes, but those of the last two axes that only products read."""
    nodes = graph.proto().graph.node
    results = {value.name for value in graph.proto().graph.output}
    read = {name: {n.op_type for n in nodes if name in n.input} for node in nodes for name in node.output}
    swaps = [n for n in nodes if n.op_type == "Transpose"]
    return sum(1 for n in swaps if read[n.output[0]] != {"MatMul"} or n.output[0] in results)


def _step(x, shape, alike, name, constants, rng):
    """A line of text and the shape of its result; what it needs is added to ``constants``."""
    rank = len(shape)
    kind = rng.choice(["Transpose", "Transpose", "Reshape", "unary", "const", "same", "MatMul", "along"])
    if kind == "Transpose":
        perm = [int(axis) for axis in rng.permutation(rank)]
        return f"Transpose<perm={perm}> ({x})", tuple(shape[axis] for axis in perm)
    if kind == "Reshape":
        cut = int(rng.integers(1, rank)) if rank > 2 else 0
        halves = (shape[0] // 2, 2) if shape[0] % 2 == 0 else (1, shape[0])
        new = (
            (*shape[: cut - 1], shape[cut - 1] * shape[cut], *shape[cut + 1 :])
            if cut
            else (*halves, *shape[1:])
        )
        constants[name] = np.array(new)
        return f"Reshape ({x}, {name})", new
    if kind == "const":
        constants[name] = noise(shape[-1], seed=int(rng.integers(99)))
        return f"Add ({x}, {name})", shape
    if kind == "same":
        return f"Mul ({x}, {rng.choice(alike)})", shape
    if kind == "MatMul" and rank > 1:
        constants[name] = noise(shape[-1], 3, seed=int(rng.integers(99))) / 2
        return f"MatMul ({x}, {name})", (*shape[:-1], 3)
    axis = int(rng.integers(rank))
    if kind == "along" and rng.random() < 0.5:
        constants[name] = np.array([axis])
        return f"ReduceMean ({x}, {name})", (*shape[:axis], 1, *shape[axis + 1 :])
    return (f"Softmax<axis={axis}> ({x})" if kind == "along" else f"Tanh ({x})"), shape
