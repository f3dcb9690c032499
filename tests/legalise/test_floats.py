"""Other float widths are float32 inside and themselves at the border."""

import numpy as np
import pytest

from mobilekit.errors import PassDisagreementError
from mobilekit.legalise.pipeline import legalise
from mobilekit.legalise.verify import check_same
from tests.legalise.support import check, noise, operators, text_graph


def test_double_is_cast_at_the_border():
    """Input and output keep their element type."""
    graph = text_graph(
        "g (double[2,3] x) => (double y) { a = Mul (x, w) y = Relu (a) }", {"w": noise(3, dtype=np.float64)}
    )
    assert check(graph, {"x": noise(2, 3, dtype=np.float64)}) == ["Cast", "Mul", "Relu", "Cast"]


def test_half_is_computed_in_single():
    """Nearer to what the model means than halves; compared with a lower tolerance."""
    graph = text_graph(
        "g (float16[2,3] x) => (float16 y) { a = Mul (x, w) y = Softmax (a) }",
        {"w": noise(3, dtype=np.float16)},
    )
    feed = {"x": noise(2, 3, dtype=np.float16)}
    assert operators(legalise(graph, samples=[feed]).graph) == ["Cast", "Mul", "Softmax", "Cast"]


@pytest.mark.parametrize(("line", "ops"), [("Cast <to=11> (x)", ["Neg", "Relu", "Abs"])])
def test_casts_inside_disappear(line, ops):
    """A Cast to double and back is nothing in float32."""
    text = f"g (float[2,3] x) => (float y) {{ n = Neg (x) a = {line.replace('(x)', '(n)')} r = Relu (a) b = Cast <to=1> (r) y = Abs (b) }}"
    assert check(text_graph(text), {"x": noise(2, 3)}) == ops


def test_an_input_that_is_an_output():
    """Both casts at once are a copy."""
    graph = text_graph("g (double[2] x) => (double y) { y = Identity (x) }")
    check(graph, {"x": noise(2, dtype=np.float32).astype(np.float64)})


def test_integers_stay():
    """Index arithmetic keeps int64."""
    graph = text_graph("g (int64[2] x) => (int64 y) { y = Add (x, x) }")
    assert check(graph, {"x": np.array([2**40, 3])}) == ["Add"]


TINY = "g (double[4] x) => (double y) { a = Mul (x, s) b = Exp (a) c = Sub (b, one) d = Div (a, s) y = Add (d, c) }"


def test_doubles_that_float32_cannot_hold_are_told_as_that():
    """1e-60 is zero in float32, in ONNX Runtime as here: no defect, and nothing to report."""
    graph = text_graph(TINY, {"s": np.array(1e-60), "one": np.array(1.0)})
    with pytest.raises(PassDisagreementError, match="double is computed in float32 here") as error:
        legalise(graph, samples=[{"x": noise(4, dtype=np.float64)}])
    assert "float32" in error.value.hint
    assert "report" not in error.value.hint


def test_doubles_of_common_sizes_pass():
    """The twin."""
    graph = text_graph(TINY, {"s": np.array(0.5), "one": np.array(1.0)})
    legalise(graph, samples=[{"x": noise(4, dtype=np.float64)}])


@pytest.mark.parametrize("scale", [1e-60, 0.5])
def test_a_defect_in_a_model_of_doubles_is_a_defect(scale):
    """What ONNX Runtime computes otherwise in float32 too is blamed on a rule."""
    graph = text_graph("g (double[4] x) => (double y) { y = Mul (x, s) }", {"s": np.array(scale)})
    wrong = text_graph("g (double[4] x) => (double y) { y = Add (x, s) }", {"s": np.array(scale)})
    with pytest.raises(PassDisagreementError, match="legalising changed the result"):
        check_same(graph, wrong, (), [{"x": noise(4, dtype=np.float64)}])
