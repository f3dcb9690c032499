"""The GPU has four axes: more of them inside a network are folded."""

import numpy as np
import pytest

from mobilekit.convert.tflite.api import draft
from mobilekit.convert.tflite.delegates.operators import operators_of_draft
from mobilekit.convert.tflite.delegates.predict import predict
from mobilekit.convert.tflite.delegates.published import published_lists
from mobilekit.legalise.pipeline import legalise
from tests.legalise.rules.gpu_support import one_node, rewritten, several
from tests.legalise.support import noise

GPU = published_lists()["gpu"]
REGROUPED = "net (float[{0}] x) => (float[{1}] y) {{ a = Reshape(x, S) b = Transpose<perm={2}>(a) y = Reshape(b, T) }}"


def regrouped(shape, between, perm, result):
    """Reshape → Transpose → Reshape, as channel shuffles and windows of attention are written."""
    text = REGROUPED.format(",".join(map(str, shape)), ",".join(map(str, result)), list(perm))
    return several(text, noise(*shape), S=np.array(between), T=np.array(result))


CASES = {
    "channel shuffle": regrouped((1, 8, 4, 4), (1, 2, 4, 4, 4), (0, 2, 1, 3, 4), (1, 8, 4, 4)),
    "windows": regrouped((1, 8, 8, 6), (1, 2, 4, 2, 4, 6), (0, 1, 3, 2, 4, 5), (4, 16, 6)),
    "pixel shuffle": regrouped((1, 12, 3, 5), (1, 3, 2, 2, 3, 5), (0, 1, 4, 2, 5, 3), (1, 3, 6, 10)),
    "heads": several(
        "net (float[4,16,18] x) => (float[4,3,16,2] y) { a = Reshape(x, S) b = Transpose<perm=[2,0,3,1,4]>(a)"
        " q = Gather<axis=0>(b, I) k = Gather<axis=0>(b, J) y = Add(q, k) }",
        noise(4, 16, 18),
        S=np.array([4, 16, 3, 3, 2]),
        I=np.array(0),
        J=np.array(1),
    ),
}


def predicted(case, profile):
    """What the GPU's list says of the file."""
    legal = legalise(case[0], profile=profile, samples=[]).graph
    return predict(operators_of_draft(draft(legal, precision="fp32")), GPU)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_axes_in_between_are_folded(case):
    """The same values; the CPU's form has too many axes for the GPU, its own has not."""
    rewritten(case)
    assert any("rank" in refused.reason for refused in predicted(case, "tflite-cpu").refused)
    assert predicted(case, "tflite-gpu").whole


@pytest.mark.parametrize(
    "shapes", [((1, 2, 3, 4, 5), (1, 2, 3, 5, 4)), ((1, 2, 3, 4, 5), (3, 5, 4)), ((5, 4), (2, 1, 3, 4, 2))]
)
def test_products_of_many_axes(shapes):
    """Only the model's own inputs and outputs keep them."""
    case = one_node("MatMul", noise(*shapes[0]), noise(*shapes[1], seed=1), runtime=(0, 1))
    rewritten(case, tolerance=1e-5)
    assert {refused.operator for refused in predicted(case, "tflite-gpu").refused} <= {"RESHAPE", "TILE"}
