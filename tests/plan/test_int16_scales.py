"""Symmetric scales: one per class, prescribed where they must be, no factor beyond what kernels bear."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.convert.tflite.quantisable import UNIT_INT16, operators
from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.assign import NOT_FINITE, TIED_FIXED
from mobilekit.plan.int16_scales import Int16Scales, int16_scales
from mobilekit.plan.same_scale import scale_classes
from mobilekit.source.graph import Graph
from tests.plan.conftest import make_graph

X = "float[1, 4, 8, 8] x, float[1, 4, 8, 8] z"


def scales_of(graph: Graph, unusable: frozenset[str] = frozenset(), **extremes: float) -> Int16Scales:
    """Scales with every operator at int16."""
    chosen = [o.at_int16() for o in operators(graph)]
    return int16_scales(
        scale_classes(chosen), operators=chosen, view=view_of(graph), extremes=extremes, unusable=unusable
    )


def steps(found: Int16Scales) -> dict[str, float]:
    """In 32767ths of one."""
    return {name: scale.scale * 32767 for name, scale in found.values.items()}


def test_a_class_has_the_largest_of_its_values() -> None:
    """Constants and pads count as well."""
    graph = make_graph(
        f"""g ({X}) => (float[1, 8, 8, 8] c, float[1, 4, 8, 8] m, float[1, 4, 10, 8] p) {{
            c = Concat<axis = 1>(x, z)
            m = Max(x, k)
            p = Pad(z, places, value)
        }}""",
        {"k": np.full(1, -7.0), "places": np.array([0, 0, 1, 0, 0, 0, 1, 0]), "value": np.array(5.0)},
    )
    assert steps(scales_of(graph, x=3.0, z=2.0)) == pytest.approx(dict.fromkeys("xzcmp", 7.0))


@pytest.mark.parametrize("node", ["Sigmoid(x)", "Tanh(x)", "Softmax<axis = 1>(x)"])
def test_prescribed_scales(node: str) -> None:
    """Softmax, Logistic and Tanh have theirs; their operand has its own."""
    found = scales_of(make_graph(f"g ({X}) => (float[1, 4, 8, 8] y) {{ y = {node} }}"), x=3.0)
    assert found.values["y"] == UNIT_INT16
    assert steps(found)["x"] == pytest.approx(3.0)


@pytest.mark.parametrize(("largest", "denied"), [(0.9, {}), (1.0, {}), (3.0, {"s": TIED_FIXED})])
def test_what_a_prescribed_scale_is_tied_to(largest: float, denied: dict[str, str]) -> None:
    """It serves the class where all fits into it; else its operator is no integer one."""
    graph = make_graph(f"g ({X}) => (float[1, 8, 8, 8] y) {{ s = Sigmoid(x) y = Concat<axis = 1>(s, z) }}")
    found = scales_of(graph, x=4.0, z=largest)
    assert found.denied == denied
    if not denied:
        assert found.values["z"] == found.values["s"] == UNIT_INT16


def test_values_that_were_not_finite_deny_all_that_touches_them() -> None:
    """And nothing else."""
    graph = make_graph(f"g ({X}) => (float[1, 4, 8, 8] y, float[1, 4, 8, 8] q) {{ y = Relu(x) q = Relu(z) }}")
    found = scales_of(graph, frozenset({"x"}), x=1.0, y=1.0, z=1.0, q=1.0)
    assert found.denied == {"y": NOT_FINITE}


def test_dead_results_have_scales_that_kernels_bear() -> None:
    """A result 1e-9 beside operands of 1 is widened: LiteRT aborts on a sum's factor from 16384 on."""
    graph = make_graph(
        f"g ({X}) => (float[1, 4, 8, 8] y, float[1, 4, 8, 8] q) {{ y = Add(x, z) q = Mul(x, z) }}"
    )
    found = scales_of(graph, x=1.0, z=1.0, y=1e-9, q=1e-9)
    assert found.values["y"].scale == pytest.approx(1 / 32767 / 128, rel=1e-5)
    assert found.values["q"].scale == pytest.approx(1 / 32767 / 32767, rel=1e-5)


def test_results_in_proportion_are_left_alone() -> None:
    """A thousandth is no reason to widen a product; nor is a zero to have no scale."""
    graph = make_graph(
        f"g ({X}) => (float[1, 4, 8, 8] y, float[1, 4, 8, 8] q) {{ y = Add(x, z) q = Mul(x, z) }}"
    )
    assert steps(scales_of(graph, x=1.0, z=1.0, y=0.02, q=0.001)) == pytest.approx(
        {"x": 1.0, "z": 1.0, "y": 0.02, "q": 0.001}
    )
    assert min(scales_of(graph, x=0.0, z=0.0, y=0.0, q=0.0).values.values(), key=lambda s: s.scale).scale > 0
