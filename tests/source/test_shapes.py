"""Dynamic dimensions: fixed by what is given, or an error that says exactly what to give."""

import pytest

from mobilekit.errors import ShapeError
from mobilekit.source.load import load
from tests.source.test_load import parse, saved

DYNAMIC = "(float[N,3,H,W] x) => (float[N,3,H,W] y)"


def test_given_shapes_fix_inputs_and_outputs(tmp_path):
    """The outputs follow from the inputs."""
    path = saved(tmp_path, parse("y = MaxPool <kernel_shape = [2,2], strides = [2,2]> (x)", border=DYNAMIC))
    graph = load(path, shapes={"x": (1, 3, 8, 6)})
    assert graph.inputs[0].shape == (1, 3, 8, 6)
    assert graph.outputs[0].shape == (1, 3, 4, 3)


def test_nothing_given_lists_what_to_give(tmp_path):
    """The hint is an argument to copy."""
    path = saved(tmp_path, parse("y = Relu (x)", border=DYNAMIC))
    with pytest.raises(ShapeError) as error:
        load(path)
    assert "'x' is [N,3,H,W]" in error.value.message
    assert "--shape x=N,3,H,W" in error.value.hint


def test_unnamed_dimensions_are_question_marks(tmp_path):
    """Also where only the batch is open: nothing is assumed."""
    path = saved(tmp_path, parse("y = Relu (x)", border="(float[?,3] x) => (float[?,3] y)"))
    with pytest.raises(ShapeError, match="--shape x=\\?,3"):
        load(path)


def test_a_symbol_that_one_input_binds_is_bound_in_all(tmp_path):
    """What is given for an input itself wins; a symbol with two values binds no third input."""
    border = "(float[N,2] x, float[N,2] z, float[N,2] w) => (float[N,2] y)"
    body = "t = ReduceSum <keepdims = 1> (z) u = Add (x, t) y = Add (u, w)"
    path = saved(tmp_path, parse(body, border=border))
    assert [s.shape for s in load(path, shapes={"x": (5, 2)}).inputs] == [(5, 2)] * 3
    given = {"x": (5, 2), "z": (4, 2), "w": (5, 2)}
    assert {s.name: s.shape for s in load(path, shapes=given).inputs} == given
    with pytest.raises(ShapeError, match=r"'w' is \[N,2\]"):
        load(path, shapes={"x": (5, 2), "z": (4, 2)})


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"nope": (1,)}, "'nope', which is not an input"),
        ({"x": (1, 3, 4)}, "rank 3, expected 4"),
        ({"x": (1, 4, 4, 4)}, "dimension 1 is 4, the model fixes it to 3"),
        ({"x": (1, 3, 0, 4)}, "must be 1 or more"),
    ],
)
def test_shapes_that_contradict_the_model(tmp_path, shapes, message):
    """Each with what was given and what is declared."""
    path = saved(tmp_path, parse("y = Relu (x)", border=DYNAMIC))
    with pytest.raises(ShapeError, match=message):
        load(path, shapes=shapes)


def test_inputs_without_elements(tmp_path):
    """A declared 0 may mean an open dimension: it is a size only where the caller says so too."""
    path = saved(tmp_path, parse("y = Relu (x)", border="(float[2,0,N] x) => (float[2,0,N] y)"))
    with pytest.raises(ShapeError, match=r"'x' is \[2,\?,N\]"):
        load(path)
    graph = load(path, shapes={"x": (2, 0, 4)})
    assert graph.inputs[0].shape == graph.outputs[0].shape == (2, 0, 4)
    assert load(path, shapes={"x": (2, 3, 4)}).inputs[0].shape == (2, 3, 4)
    with pytest.raises(ShapeError, match="must be 1 or more"):
        load(path, shapes={"x": (2, 0, 0)})


def test_output_sizes_that_only_a_run_can_tell(tmp_path):
    """Computed in floats, as exporters of Resize do it."""
    body = """
        s = Shape (x) f = Cast <to = 1> (s) two = Constant <value = float[4] {1.0, 1.0, 0.5, 1.5}> ()
        p = Mul (f, two) q = Floor (p) sizes = Cast <to = 7> (q) y = Resize <mode = "linear"> (x, , , sizes)
    """
    path = saved(tmp_path, parse(body, border=DYNAMIC))
    assert load(path, shapes={"x": (1, 3, 7, 5)}).outputs[0].shape == (1, 3, 3, 7)


def test_sizes_that_do_not_work_say_so(tmp_path):
    """The model adds x to its own transpose: only squares work."""
    body = "t = Transpose <perm = [0,1,3,2]> (x) y = Add (x, t)"
    path = saved(tmp_path, parse(body, border=DYNAMIC))
    with pytest.raises(ShapeError, match=r"shapes do not fit|cannot run"):
        load(path, shapes={"x": (1, 3, 7, 5)})
    assert load(path, shapes={"x": (1, 3, 5, 5)}).outputs[0].shape == (1, 3, 5, 5)


def test_an_stft_is_onesided(tmp_path):
    """ONNX's inference forgets that default."""
    body = "s = Constant <value_int = 4> () n = Constant <value_int = 8> () y = STFT (x, s, , n)"
    path = saved(tmp_path, parse(body, border="(float[1, 32, 1] x) => (float[a, b, c, d] y)"))
    assert load(path).outputs[0].shape == (1, 7, 5, 2)


def test_what_has_no_size_is_named(tmp_path):
    """A shape computed from values: the node is named, not only ONNX Runtime's complaint about zeros."""
    path = saved(
        tmp_path, parse("y = Unsqueeze (x, a)", border="(float[2] x, int64[2] a) => (float[b, c, d] y)")
    )
    with pytest.raises(ShapeError, match=r"the shape of 'y'.*Unsqueeze, node y; ONNX Runtime cannot run"):
        load(path)


@pytest.mark.parametrize(
    ("shape", "given", "hint"), [("2", {}, "export it again"), ("N", {"x": (2,)}, "another input shape")]
)
def test_the_hint_asks_for_another_shape_only_where_there_is_one(tmp_path, shape, given, hint):
    """What ONNX Runtime cannot run with the shapes that the model itself fixes has to be exported again."""
    border = f"(float[{shape}] x, int64[2] a) => (float[b, c, d] y)"
    path = saved(tmp_path, parse("y = Unsqueeze (x, a)", border=border))
    with pytest.raises(ShapeError) as error:
        load(path, shapes=given)
    assert hint in error.value.hint
    assert ("shape needed" in error.value.hint) == bool(given)
