"""Gather, GatherElements and GatherND by positions known now or at run time, in ONNX Runtime and LiteRT."""

import numpy as np
import pytest

from tests.legalise.support import check_file, check_node, check_node_file, noise, text_graph

TYPES = ["float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool", "uint16", "uint64"]


def values(shape, dtype, seed=0):
    """Numbers of any type, over all of its range."""
    random = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return random.standard_normal(shape).astype(kind)
    if kind.kind == "b":
        return random.random(shape) > 0.5
    return random.integers(np.iinfo(kind).min, np.iinfo(kind).max, shape, dtype=kind, endpoint=True)


def positions(size, shape, dtype=np.int64, seed=1):
    """Positions of both signs."""
    return np.random.default_rng(seed).integers(-size, size, shape).astype(dtype)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("runtime", [(0,), (0, 1)])
def test_every_type(dtype, runtime):
    """Elements of every type are gathered as they are."""
    check_node_file("Gather", [values((3, 5, 4), dtype), positions(5, (2, 3))], runtime=runtime, axis=1)
    elements = [values((3, 5, 4), dtype), positions(5, (3, 2, 4))]
    check_node_file("GatherElements", elements, runtime=runtime, axis=1)
    coordinates = [values((3, 5, 4), dtype), positions(3, (2, 2, 2))]
    check_node_file("GatherND", coordinates, runtime=runtime)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dtype", [np.int64, np.int32])
@pytest.mark.parametrize("runtime", [(0,), (0, 1), (1,)])
def test_gather(axis, dtype, runtime):
    """Negative positions, constant or not, along any axis."""
    check_node_file("Gather", [noise(3, 4), positions(3, (2, 2), dtype)], runtime=runtime, axis=axis)


@pytest.mark.parametrize("runtime", [(0,), (0, 1)])
@pytest.mark.parametrize("axis", [0, 3, 5])
def test_a_single_position(axis, runtime):
    """A scalar position drops its axis, of six too."""
    x = noise(2, 3, 2, 3, 2, 2)
    check_node_file("Gather", [x, positions(2, ())], runtime=runtime, axis=axis)


def test_positions_in_a_row_are_a_slice():
    """What is together in memory is copied at once; a permutation is not."""
    assert check_node_file("Gather", [noise(1, 6, 5), np.array([2, 3, 4])], axis=1) == ["Slice"]
    assert check_node_file("Gather", [noise(1, 6, 5), np.array([2, 4, 3])], axis=1) == ["Gather"]


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("runtime", [(0,), (0, 1), (1,)])
def test_gather_elements(axis, runtime):
    """One gather of the flat tensor; the positions' shape may be smaller than the data's."""
    ops = check_node_file(
        "GatherElements", [noise(3, 4, 3), positions(3, (2, 2, 3))], runtime=runtime, axis=axis
    )
    assert "GatherElements" not in ops
    assert ops.count("Gather") == 1


def test_gather_elements_of_six_axes():
    """Positions are numbers in a flat tensor: ranks do not matter."""
    x = noise(2, 3, 2, 3, 2, 2)
    check_node_file("GatherElements", [x, positions(3, (2, 3, 2, 3, 2, 2))], runtime=(0, 1), axis=3)


@pytest.mark.parametrize(("batch", "depth"), [(0, 1), (0, 3), (1, 1), (1, 2), (2, 1)])
@pytest.mark.parametrize("runtime", [(0,), (0, 1)])
def test_gather_nd(batch, depth, runtime):
    """Coordinates of some axes, per batch, negative ones too."""
    x = noise(3, 5, 4)
    sizes = np.array(x.shape[batch : batch + depth])
    where = np.random.default_rng(2).integers(-sizes, sizes, (*x.shape[:batch], 2, depth))
    ops = check_node_file("GatherND", [x, where], runtime=runtime, batch_dims=batch)
    assert "GatherND" not in ops


def test_gather_of_constants_that_are_legal_stays():
    """Non-negative constant positions need nothing."""
    assert check_node("Gather", [noise(3, 4), np.array([2, 0])], axis=0) == ["Gather"]


def test_what_cannot_be_negative_is_not_wrapped():
    """Positions of extremes, held above zero or already counted from the front stay; others are wrapped."""
    text = "g (float[5,6] x, int64[4] i) => (float y) {{ p = {} y = Gather<axis=1>(x, p) }}"
    feed = {"x": noise(5, 6), "i": np.array([5, -6, 0, -1])}
    for code in ("ArgMax<axis=1, keepdims=0>(x)", "Max(i, zero)", "Mod(i, six)"):
        constants = {name: np.int64(n) for name, n in (("zero", 0), ("six", 6)) if name in code}
        ops = check_file(text_graph(text.format(code), constants), feed)
        assert ("Less" in ops) is ("Mod" in code)
    assert "Less" in check_file(text_graph(text.format("Min(i, k)"), {"k": np.int64(3)}), feed)
    body = text.format("Neg(i) n = Neg(p) v, q = TopK(n, k)").replace("(x, p)", "(x, v)")
    assert "Less" in check_file(text_graph(body, {"k": np.array([4])}), feed)
    body = text.format("Where(c, j, i)").replace("{ p", "{ c = Less(i, z) p")
    constants = {"z": np.int64(3), "j": np.int64(-2)}
    assert check_file(text_graph(body, constants), feed).count("Less") == 2


def test_positions_are_wrapped_once():
    """GatherElements counts its positions from the front before it turns them into places."""
    ops = check_node_file("GatherElements", [noise(3, 4, 3), positions(3, (2, 2, 3))], runtime=(0, 1))
    assert ops.count("Less") == 1
