"""Constants among moved data are no elements of the source: nothing is recognised, nothing changes."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.normalise.pipeline import normalise
from mobilekit.normalise.verify import outputs_of
from tests.normalise.support import graph_of

INT, FLOAT = "int32", "float"
SHAPES = {"s": (1, 3, 4, 1, 5, 1), "u": (1, 3, 8, 10), "v": (1, 3, 4, 5)}

# Name: shape of y, nodes, shape of the constant k among the data.
CHAINS = {
    "causal": ("1,3,5,5", "b = Concat<axis=2>(k, a) c = Reshape(b, w) y = Reshape(c, o)", (1, 3, 1, 5)),
    "stuffing": (
        "1,3,8,10",
        "b = Reshape(a, s) c = Concat<axis=3>(b, k) d = Concat<axis=5>(c, k2) y = Reshape(d, u)",
        (1, 3, 4, 1, 5, 1),
    ),
    "background": ("1,4,4,5", "r = Reshape(a, rows) b = Concat<axis=0>(k, r) y = Reshape(b, o)", (1, 20)),
    "border": (
        "1,3,6,5",
        "b = Concat<axis=2>(k, a, k) r = Reshape(b, w) y = Reshape(r, o)",
        (1, 3, 1, 5),
    ),
    "as many": ("1,6,4,5", "b = Concat<axis=1>(a, k) c = Reshape(b, w) y = Reshape(c, o)", (1, 3, 4, 5)),
    "grid": ("1,4,5,6", "t = Transpose<perm=[0,2,3,1]>(a) y = Concat<axis=3>(k, t)", (1, 4, 5, 3)),
    "mask": ("1,3,8,5", "b = Where(m, a, k) c = Concat<axis=2>(b, b) y = Reshape(c, o)", (1, 3, 4, 5)),
    "scatter": ("1,3,4,5", "b = ScatterElements<axis=1>(k, i, a) y = Gather<axis=1>(b, back)", (1, 3, 4, 5)),
    "pad": ("1,3,6,7", "b = Pad(a, p) c = Reshape(b, w) y = Reshape(c, o)", (1,)),
    "looked up": ("1,3,4,5", "g = Gather(k, f) y = Add(a, g)", (60,)),
}


def _operands(out: str, wide: tuple[int, ...]) -> dict[str, np.ndarray]:
    shape = tuple(int(d) for d in out.split(","))
    found = {name: np.array(value) for name, value in SHAPES.items()}
    found |= {"o": np.array(shape), "w": np.array([-1, shape[-1]]), "rows": np.array([-1, 20])}
    found |= {"m": np.tile([True, False, True, True, False], 12).reshape(1, 3, 4, 5)}
    found |= {"i": np.broadcast_to(np.array([2, 0, 1]).reshape(1, 3, 1, 1), (1, 3, 4, 5)).copy()}
    found |= {"back": np.array([1, 2, 0]), "p": np.array([0, 0, 1, 1, 0, 0, 1, 1])}
    found |= {"f": np.arange(60).reshape(1, 3, 4, 5), "k2": np.zeros((1, 3, 4, 2, 5, 1))}
    return found | {"k": np.zeros(wide)}


def _values(kind: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    size = int(np.prod(shape))
    flat = {"zeros": np.zeros(size), "numbers": np.arange(size), "beyond": np.arange(size) + 1000}[kind]
    return flat.reshape(shape).astype(dtype)


def _is_unchanged(text: str, dtype: type, constants: dict[str, np.ndarray], shape=(1, 3, 4, 5)) -> list[str]:
    graph = graph_of(text, {k: v for k, v in constants.items() if k in text})
    result = normalise(graph, samples=())
    rng = np.random.default_rng(0)
    feeds = [{"x": rng.integers(1, 99, shape).astype(dtype)} for _ in range(3)]
    for wanted, got in zip(outputs_of(graph, feeds), outputs_of(result.graph, feeds), strict=True):
        np.testing.assert_array_equal(got["y"], wanted["y"])
    return [r.kind for r in result.recognised]


@pytest.mark.parametrize("element", [INT, FLOAT])
@pytest.mark.parametrize("kind", ["zeros", "numbers", "beyond"])
@pytest.mark.parametrize("case", CHAINS)
def test_constants_among_the_data(case: str, kind: str, element: str) -> None:
    """Constants of zeros, of what look like element numbers, and beyond those: the results stay as they are."""
    out, nodes, wide = CHAINS[case]
    dtype = np.int32 if element == INT else np.float32
    constants = _operands(out, wide)
    for name in ("k", "k2"):
        constants[name] = _values(kind, constants[name].shape, dtype)
    text = f'<ir_version: 10, opset_import: ["": 21]> g ({element}[1,3,4,5] x) => ({element}[{out}] y) {{ a = Add(x, x) {nodes} }}'
    assert not {k for k in _is_unchanged(text, dtype, constants) if "sandwich" not in k}


SMALL = {
    "a zero before a row": ((1, 1, 1, 8), (1, 1, 1, 9), "b = Reshape(a, l) c = Concat<axis=0>(k, b) y = Reshape(c, o)", (1,)),
    "a zero class": ((1, 6, 1, 1), (1, 7, 1, 1), "b = Reshape(a, c2) c = Concat<axis=1>(k, b) y = Reshape(c, o)", (1, 1)),
    "a zero after a pixel": ((1, 1, 1, 1), (1, 1, 1, 2), "b = Reshape(a, l) c = Concat<axis=0>(b, k) y = Reshape(c, o)", (1,)),
    "zeros below a column": ((1, 1, 4, 1), (1, 1, 4, 2), "b = Reshape(a, l2) c = Concat<axis=1>(b, k) y = Reshape(c, o)", (4, 1)),
    "zeros for channels": ((1, 4, 1, 1), (1, 1, 2, 4), "b = Reshape(a, l) c = Concat<axis=0>(b, k) y = Reshape(c, o)", (4,)),
}  # fmt: skip


@pytest.mark.parametrize("element", [INT, FLOAT])
@pytest.mark.parametrize("kind", ["zeros", "numbers", "beyond"])
@pytest.mark.parametrize("case", SMALL)
def test_zero_is_not_the_first_element(case: str, kind: str, element: str) -> None:
    """In a map of few elements the numbers of a constant are soon those of a border, or of an upsampling."""
    shape, out, nodes, wide = SMALL[case]
    dtype = np.int32 if element == INT else np.float32
    constants = {"l": np.array([-1]), "l2": np.array([-1, 1]), "c2": np.array([1, 6]), "o": np.array(out)}
    constants["k"] = _values(kind, wide, dtype)
    given, made = (",".join(map(str, each)) for each in (shape, out))
    text = f'<ir_version: 10, opset_import: ["": 21]> g ({element}[{given}] x) => ({element}[{made}] y) {{ a = Add(x, x) {nodes} }}'
    assert not {k for k in _is_unchanged(text, dtype, constants, shape) if "sandwich" not in k}


@pytest.mark.parametrize("element", [INT, FLOAT])
def test_the_same_chain_of_data(element: str) -> None:
    """The negative twin: with the data in the place of the constant, stuffing is an upsampling."""
    out, nodes, wide = CHAINS["stuffing"]
    nodes = nodes.replace("(b, k)", "(b, b)").replace("(c, k2)", "(c, c)")
    text = f'<ir_version: 10, opset_import: ["": 21]> g ({element}[1,3,4,5] x) => ({element}[{out}] y) {{ a = Add(x, x) {nodes} }}'
    dtype = np.int32 if element == INT else np.float32
    assert _is_unchanged(text, dtype, _operands(out, wide)) == ["nearest upsampling by 2x2"]


@pytest.mark.parametrize("element", ["int64", "bool", "double"])
def test_elements_that_no_resize_takes(element: str) -> None:
    """ONNX Runtime repeats pixels of floats and small integers only: chains of other elements stay chains."""
    text = (
        f'<ir_version: 10, opset_import: ["": 21]> g ({element}[1,3,4,5] x) => ({element}[1,3,8,10] y) '
        "{ b = Reshape(x, s) c = Expand(b, t) y = Reshape(c, u) }"
    )
    dtype = {"int64": np.int64, "bool": np.bool_, "double": np.float64}[element]
    constants = _operands("1,3,8,10", (1,)) | {"t": np.array([1, 3, 4, 2, 5, 2])}
    assert _is_unchanged(text, dtype, constants) == []


@pytest.mark.parametrize("perm", [(0, 3, 1, 2), (0, 2, 1, 3), (1, 0, 2, 3)])
def test_images_change_places(perm: tuple[int, ...]) -> None:
    """Two images whose channels come from each other are no order of channels (and no error)."""
    text = (
        '<ir_version: 10, opset_import: ["": 21]> g (float[2,2,2,2] x) => (float[2,2,2,2] y) '
        f"{{ b = Transpose<perm={list(perm)}>(x) c = Reshape(b, q) d = Gather<axis=0>(c, n) y = Reshape(d, r) }}"
    )
    constants = {"q": np.array([4, 4]), "n": np.array([3, 1, 0, 2]), "r": np.array([2, 2, 2, 2])}
    assert _is_unchanged(text, np.float32, constants, (2, 2, 2, 2)) == []
