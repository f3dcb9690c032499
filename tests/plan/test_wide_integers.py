"""What an int32 would cut is found on samples, wherever in the graph it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import mobilekit
from mobilekit.errors import InputDataError, MobilekitError, UnsupportedOperatorError
from mobilekit.plan.wide_integers import check_integers
from tests.plan.half_graphs import graph_of

INSIDE = """(float[4] x) => (float[4] y)
<int64[1] k = {100000}, int64[1] m = {7}>
{ i = Cast<to=7>(x) p = Mul(i, k) r = Mod(p, m) y = Cast<to=1>(r) }"""
"""The product may reach beyond 32 bits; the output never tells."""


def feeds(*largest: float) -> list[dict[str, np.ndarray]]:
    return [{"x": np.array([0, 1, 200, most], np.float32)} for most in largest]


def test_a_product_inside() -> None:
    """The node, its operator and how far it reaches; the second sample counts too."""
    with pytest.raises(UnsupportedOperatorError, match=r"Mul\(\), node p: .* 0 … 3000000000 on the samples"):
        check_integers(graph_of(INSIDE), feeds(5.0, 30_000.0), source=graph_of(INSIDE))


def test_what_fits_passes() -> None:
    """The negative twin: 2·10⁹ is an int32."""
    check_integers(graph_of(INSIDE), feeds(5.0, 20_000.0), source=graph_of(INSIDE))


def test_what_a_rule_writes_in_between_may_wrap() -> None:
    """The source names the output only: its own arithmetic is compared by its results."""
    source = graph_of("(float[4] x) => (float[4] y) { y = Identity(x) }")
    check_integers(graph_of(INSIDE), feeds(30_000.0), source=source)


@pytest.mark.parametrize(
    "text",
    [
        "(float[4] x) => (float[4] y) { y = Mul(x, x) }",
        "(float[4] x) => (int64[1] y) { y = ArgMax<axis=0>(x) }",
        "(int32[4] x) => (int32[4] y) { y = Mul(x, x) }",
    ],
)
def test_nothing_is_run_without_wide_arithmetic(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Floats, indices and int32 need no look."""
    monkeypatch.setattr("mobilekit.plan.wide_integers.open_graph", None)
    check_integers(graph_of(text), feeds(1.0), source=graph_of(text))


def _converted(text: str, folder: Path, largest: float) -> np.ndarray:
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 21]> g {text}')
    onnx.save(model, folder / "net.onnx")
    made = mobilekit.convert(
        folder / "net.onnx", to="coreml", precision="fp32", out=folder / "out", samples=feeds(largest)
    )
    with mobilekit.open_runtime(made.path) as runtime:
        return runtime.run(feeds(1.0)[0])["y"]


CASES = {
    "a product": (INSIDE, 30_000.0),
    "a cast": ("(float[4] x) => (int64[4] y) { y = Cast<to=7>(x) }", 5e9),
    "a sum": ("(float[4] x) => (int64 y) { i = Cast<to=7>(x) y = ReduceSum<keepdims=0>(i) }", 2147483520.0),
    "a running sum": (
        "(float[4] x) => (int64[4] y) <int64 a = {0}> { i = Cast<to=7>(x) y = CumSum(i, a) }",
        2147483520.0,
    ),
    "a square": ("(float[4] x) => (int64[4] y) { i = Cast<to=7>(x) y = Mul(i, i) }", 50_000.0),
}


@pytest.mark.parametrize("name", CASES)
def test_no_package_is_made_of_it(name: str, tmp_path: Path) -> None:
    """Through the public API: refused on samples that show it, made on others."""
    text, largest = CASES[name]
    with pytest.raises(UnsupportedOperatorError, match="beyond 32 bits"):
        _converted(text, tmp_path, largest)
    assert _converted(text, tmp_path, 3.0).dtype.kind in "if"


def test_the_self_check_sees_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the check the comparison with ONNX Runtime refuses what an output shows."""
    monkeypatch.setattr("mobilekit.pipeline.stages.check_integers", lambda graph, samples, source: None)
    with pytest.raises(MobilekitError, match="differs in 25"):
        _converted(CASES["a square"][0], tmp_path, 50_000.0)


@pytest.mark.parametrize("number", [3_000_000_000, -3_000_000_000])
def test_constants_are_refused_where_they_enter(number: int, tmp_path: Path) -> None:
    """Also those that a Cast of a constant makes; a feed is refused by the session."""
    cast = f"(int64[4] x) => (int64[4] y) <float[1] c = {{{number}}}> {{ k = Cast<to=7>(c) y = Add(x, k) }}"
    onnx.save(
        onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 21]> g {cast}'), tmp_path / "net.onnx"
    )
    samples = [{"x": np.arange(4)}]
    with pytest.raises(UnsupportedOperatorError, match="outside int32"):
        mobilekit.convert(tmp_path / "net.onnx", to="coreml", precision="fp32", out=tmp_path, samples=samples)


def test_inputs_are_refused_where_they_enter(tmp_path: Path) -> None:
    """A feed beyond int32 is an error of the session, in any element."""
    text = "(int64[4] x) => (int64[4] y) { y = Neg(x) }"
    onnx.save(
        onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 21]> g {text}'), tmp_path / "net.onnx"
    )
    made = mobilekit.convert(
        tmp_path / "net.onnx", to="coreml", precision="fp32", out=tmp_path, samples=[{"x": np.arange(4)}]
    )
    with mobilekit.open_runtime(made.path) as runtime:
        assert runtime.run({"x": np.arange(4)})["y"].tolist() == [0, -1, -2, -3]
        with pytest.raises(InputDataError, match="int32"):
            runtime.run({"x": np.array([0, 1, 2, 3_000_000_000])})
