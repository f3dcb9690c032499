"""Slices that take an axis apart into equal parts become a Split; others stay slices."""

import numpy as np
import pytest

from tests.normalise.support import graph_of, normalised, ops


def _text(slices, *, shape="1,8,4,4", kind="float"):
    """A Slice per (start, end, axis, step), each followed by operators of its own."""
    body, outputs, constants = "", [], {}
    for index, values in enumerate(slices):
        for what, value in zip("seap", values, strict=True):
            constants[f"{what}{index}"] = np.array([value])
        body += f" v{index} = Slice (x, s{index}, e{index}, a{index}, p{index}) "
        body += f"w{index} = Neg (v{index}) y{index} = Mul (w{index}, w{index})"
        outputs.append(f"{kind}[a{index},b{index},c{index},d{index}] y{index}")
    header = '<ir_version: 8, opset_import: ["": 18]>'
    return f"{header} g ({kind}[{shape}] x) => ({', '.join(outputs)}) {{ {body} }}", constants


@pytest.mark.parametrize(
    "slices",
    [
        [(0, 4, 1, 1), (4, 8, 1, 1)],
        [(-4, 2**40, -3, 1), (-9, -4, 1, 1)],
        [(0, 2, 1, 1), (6, 8, 1, 1), (4, 6, 1, 1), (2, 4, 1, 1)],
        [(0, 2, 2, 1), (2, 4, 2, 1)],
    ],
)
def test_equal_parts(slices):
    """Whichever order they are in, however their ends are written, along any axis."""
    text, constants = _text(slices)
    result = normalised(text, **constants)
    assert ops(result).count("Split") == 1
    assert "Slice" not in ops(result)
    assert {each.kind for each in result.recognised} == {"Split by slices"}


@pytest.mark.parametrize(
    "slices",
    [
        [(0, 4, 1, 1), (5, 8, 1, 1)],
        [(0, 5, 1, 1), (4, 8, 1, 1)],
        [(0, 4, 1, 1), (2, 4, 2, 1)],
        [(0, 2, 1, 1), (2, 8, 1, 1)],
        [(0, 4, 1, 1), (4, 7, 1, 1)],
        [(0, 8, 1, 2), (1, 8, 1, 2)],
        [(0, 4, 1, 1), (4, 8, 1, 1), (2, 6, 1, 1)],
        [(7, 3, 1, -1), (3, -9, 1, -1)],
        [(0, 4, 1, 1)],
        [(i, i + 1, 1, 1) for i in range(8)],
    ],
    ids=["gap", "overlap", "two axes", "unequal", "rest", "steps", "one more", "backwards", "one", "many"],
)
def test_what_does_not_part_an_axis(slices):
    """Gaps, overlaps, other axes, steps and unequal or many parts stay as they are."""
    text, constants = _text(slices)
    result = normalised(text, **constants)
    assert ops(result).count("Slice") == len(slices)


def test_integers_stay_slices():
    """Their SPLIT is none that XNNPACK takes."""
    text, constants = _text([(0, 4, 1, 1), (4, 8, 1, 1)], kind="int32")
    assert ops(normalised(text, **constants)).count("Slice") == 2


def test_slices_of_two_values_stay():
    """Halves of different values are no parts of one."""
    text = """<ir_version: 8, opset_import: ["": 18]> g (float[1,8] x, float[1,8] z) => (float[1,4] y) {
        a = Slice (x, s, m, i) b = Slice (z, m, e, i) y = Add (a, b) }"""
    constants = {"s": np.array([0]), "m": np.array([4]), "e": np.array([8]), "i": np.array([1])}
    assert ops(normalised(text, **constants)).count("Slice") == 2


def test_parts_that_are_outputs_keep_their_names():
    """The Split itself computes the outputs."""
    text = """<ir_version: 8, opset_import: ["": 18]> g (float[1,8] x) => (float[1,4] p, float[1,4] q) {
        p = Slice (x, s, m, i) q = Slice (x, m, e, i) }"""
    constants = {"s": np.array([0]), "m": np.array([4]), "e": np.array([8]), "i": np.array([1])}
    result = normalised(text, **constants)
    assert ops(result) == ["Split"]
    assert [spec.name for spec in result.graph.outputs] == [s.name for s in graph_of(text, constants).outputs]
