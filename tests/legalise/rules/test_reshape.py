"""Everything that only reshapes is one Reshape with a constant shape, or nothing."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check, check_node, node_graph, noise, text_graph


def ints(*values):
    """An int64 vector."""
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("op", "operands", "attributes"),
    [
        ("Reshape", [noise(2, 3, 4), ints(0, -1)], {}),
        ("Reshape", [noise(2, 3, 4), ints(4, 6)], {}),
        ("Squeeze", [noise(2, 1, 3, 1), ints(-1)], {}),
        ("Squeeze", [noise(2, 1, 3, 1)], {}),
        ("Unsqueeze", [noise(2, 3), ints(0, -1)], {}),
        ("Flatten", [noise(2, 3, 4)], {"axis": 2}),
        ("Flatten", [noise(2, 3, 4)], {"axis": 0}),
    ],
)
def test_one_reshape(op, operands, attributes):
    """Zeros, minus ones, axes and Flatten's axis are resolved."""
    assert check_node(op, operands, **attributes) == ["Reshape"]


@pytest.mark.parametrize(
    "line",
    ["Identity (x)", "Transpose <perm=[0,1,2]> (x)", "Expand (x, s)", "Reshape (x, s)", "Tile (x, o)",
     "Dropout (x)", "Cast <to=1> (x)", "Slice (x, z, s)", "Split <num_outputs=1, axis=1> (x)"],
)  # fmt: skip
def test_what_changes_nothing_disappears(line):
    """The reader reads the source."""
    graph = text_graph(
        f"g (float[2,3,4] x) => (float y) {{ a = {line} y = Relu (a) }}",
        {"s": ints(2, 3, 4), "o": ints(1, 1, 1), "z": ints(0, 0, 0)},
    )
    assert check(graph, {"x": noise(2, 3, 4)}) == ["Relu"]


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("Transpose (x)", "Transpose"),
        ("Expand (x, t)", "Expand"),
        ("Tile (x, t)", "Tile"),
        ("Cast <to=6> (x)", "Cast"),
    ],
)
def test_what_changes_something_stays(line, left):
    """A Transpose without perm reverses the axes, which is written out."""
    graph = text_graph(f"g (float[1,3] x) => (float y) {{ y = {line} }}", {"t": ints(2, 1)})
    assert check(graph, {"x": noise(1, 3)}) == [left]


def test_expand_of_lower_rank():
    """The operand gets the rank of the result first."""
    assert check_node("Expand", [noise(3, 1), ints(2, 1, 4)]) == ["Reshape", "Expand"]


def test_an_output_that_copies_is_computed_at_once():
    """The node before computes the output under its own name."""
    text = "g (float[2] x) => (float y) { a = Relu (x) y = Identity (a) }"
    legal = legalise(text_graph(text), samples=[]).graph.proto()
    assert [(n.op_type, list(n.output)) for n in legal.graph.node] == [("Relu", ["y"])]


def test_two_outputs_of_one_value():
    """Each output keeps its name."""
    text = "g (float[2] x) => (float y, float z, float w) { a = Relu (x) y = Identity (a) z = Identity (a) w = Identity (x) }"
    assert sorted(check(text_graph(text), {"x": noise(2)})) == ["Relu", "Reshape", "Reshape"]


def test_dropout_mask():
    """In evaluation the mask is all true."""
    graph, feed = node_graph("Dropout", [noise(2, 3)], outputs=("y", "m"))
    assert set(check(graph, feed)) == {"Reshape", "Expand"}


def test_training_dropout_is_refused():
    """Random values have no exact form."""
    graph, _ = node_graph("Dropout", [noise(2, 3), np.float32(0.5), np.bool_(True)])
    with pytest.raises(UnsupportedOperatorError, match="training_mode"):
        legalise(graph, samples=[])


@pytest.mark.parametrize("attributes", [{"axis": -1, "num_outputs": 3}, {"axis": 1, "num_outputs": 3}])
def test_split_into_equal_parts(attributes):
    """Sizes are written out, the last one smaller."""
    graph, feed = node_graph("Split", [noise(2, 7)], outputs=("a", "b", "c"), **attributes)
    assert check(graph, feed) == ["Split"]


def test_split_with_sizes():
    """Sizes given as an operand stay."""
    graph, feed = node_graph("Split", [noise(5, 2), ints(1, 4)], outputs=("a", "b"))
    assert check(graph, feed) == ["Split"]


def test_an_output_without_elements_is_copied():
    """A constant of shape [0] as an output: 0 is its size, not "as before"."""
    text = "g (float[2] x) => (float[2] y, int64[n] z) { y = Relu (x) z = Identity (k) }"
    graph = text_graph(text, {"k": np.zeros(0, np.int64)})
    assert check(graph, {"x": noise(2)}) == ["Relu", "Reshape"]
