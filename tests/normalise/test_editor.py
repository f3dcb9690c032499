"""Editing: uses are followed, outputs keep their names, order is one of computation."""

import onnx

from mobilekit.normalise.editor import Editor
from tests.normalise.support import model


def _editor(body, **keywords):
    return Editor(onnx.parser.parse_model(model(body, **keywords)))


def test_replacing_an_output_renames_its_new_source():
    """The graph's output is still called y."""
    editor = _editor("a = Relu (x) y = Abs (a)")
    editor.replace("y", "a")
    editor.remove_unused()
    assert [(n.op, n.outputs) for n in editor.nodes] == [("Relu", ["y"])]


def test_replacing_an_output_by_an_input_copies_it():
    """Only an Identity can say that."""
    editor = _editor("y = Relu (x)")
    editor.replace("y", "x")
    editor.remove_unused()
    assert [(n.op, n.inputs, n.outputs) for n in editor.nodes] == [("Identity", ["x"], ["y"])]


def test_nodes_are_in_an_order_of_computation_after_edits():
    """A node inserted where an early one was may depend on later ones."""
    editor = _editor("a = Relu (x) b = Abs (x) c = Neg (b) y = Add (a, c)")
    from mobilekit.normalise.fold import fold

    fold(editor)
    first = editor.nodes[0]
    editor.replace("a", editor.add("Exp", ["c"], at=first))
    editor.remove_unused()
    assert [n.op for n in editor.nodes] == ["Abs", "Neg", "Exp", "Add"]


def test_only_user_counts_uses_and_outputs():
    """Read twice by one node, read by two, or an output of the graph: not the only use."""
    editor = _editor("a = Relu (x) b = Mul (a, a) c = Abs (b) d = Neg (b) y = Add (c, d)")
    assert editor.only_user("a") is None
    assert editor.only_user("b") is None
    assert editor.only_user("c").op == "Add"
    assert editor.only_user("y") is None


def test_names_that_subgraphs_read_are_kept():
    """A value read inside an If is used, although no node of the graph reads it."""
    body = """
        a = Relu (x) s = ReduceSum <keepdims = 0> (x) k = Cast <to = 9> (s)
        y = If (k) <
            then_branch = t () => (float[1,4,6,6] r) { r = Abs (a) },
            else_branch = e () => (float[1,4,6,6] r) { r = Neg (a) }
        >
    """
    editor = _editor(body)
    editor.remove_unused()
    assert "Relu" in [n.op for n in editor.nodes]
    assert editor.is_kept("a")


def test_where_a_value_goes_on():
    """Under the name of what replaced it, or its own."""
    editor = _editor("a = Relu (x) b = Abs (a) c = Neg (b) y = Exp (c)")
    editor.replace("b", "a")
    assert editor.equals == {"b": "a"}
    editor.replace("a", "x")
    assert editor.equals == {"b": "x", "a": "x"}


def test_what_has_changed_goes_on_nowhere():
    """The name of a changed value may stand for another one later; it is no more what the source calls so."""
    editor = _editor("a = Relu (x) b = Abs (a) c = Neg (b) y = Exp (c)")
    editor.note_changed("a")
    editor.replace("b", "a")
    assert editor.equals == {"a": "", "b": "a"}
    editor.replace("a", "x")
    assert editor.equals == {"a": "", "b": "x"}


def test_an_output_that_takes_a_changed_values_place():
    """Its own name is right, that of the value is not."""
    editor = _editor("a = Relu (x) y = Exp (a)")
    editor.note_changed("a")
    editor.replace("y", "a")
    assert editor.equals.get("a") == ""
    assert editor.equals.get("y", "y") == "y"
