"""What leads to whole numbers is computed in float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import mobilekit
from mobilekit.convert.view import view_of
from mobilekit.plan.half_integers import integer_reasons
from mobilekit.plan.half_precision import half_precision
from tests.plan.half_graphs import graph_of

ROWS = """(float[1,1,4,4] x) => (int64[1,1,4,4] i) <float[1,1,1,1] w = {64.0}>
{ c = Conv(x, w) d = Mul(c, c) f = Floor(d) i = Cast<to=7>(f) }"""


def islands(text: str) -> dict[str, str]:
    return dict(integer_reasons(view_of(graph_of(text))))


def test_back_to_what_computes_a_value_of_many() -> None:
    """The cast, what rounds and what scales; not the convolution."""
    assert islands(ROWS) == dict.fromkeys(["i", "f", "d"], "it leads to the whole numbers of i")


@pytest.mark.parametrize(
    "after",
    [
        "(float[4] x) => (float[4] y) { f = Round(x) i = Cast<to=3>(f) y = Cast<to=1>(i) }",
        "(float[4] x) => (float[4] y) { i = Cast<to=3>(x) j = Cast<to=6>(i) y = Cast<to=1>(j) }",
        "(float[4] x) => (bool[4] y) { y = Cast<to=9>(x) }",
        "(float[4] x) => (float[4] y) { y = Round(x) }",
    ],
)
def test_what_goes_back_to_floats_is_none(after: str) -> None:
    """Quantised values, truth values and rounded floats are no whole numbers that somebody reads."""
    assert islands(after) == {}


@pytest.mark.parametrize(
    "after",
    [
        "(float[4] x, float[9] t) => (float[4] y) { i = Cast<to=7>(x) y = Gather(t, i) }",
        "(float[4] x) => (int32[4] y) { i = Cast<to=3>(x) y = Cast<to=6>(i) }",
    ],
)
def test_whole_numbers_that_are_read(after: str) -> None:
    """Indices, and an output behind another cast."""
    assert list(islands(after)) == ["i"]


def _run(folder: Path, text: str, feed: dict[str, np.ndarray]) -> np.ndarray:
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 21]> g {text}')
    onnx.save(model, folder / "net.onnx")
    made = mobilekit.convert(
        folder / "net.onnx", to="coreml", precision="fp16", out=folder / "out", samples=[feed]
    )
    with mobilekit.open_runtime(made.path) as runtime:
        return runtime.run(feed)["y"]


def test_indices_beyond_2048(tmp_path: Path) -> None:
    """Row times width plus column, odd and beyond what float16 counts: exact in an fp16 package."""
    text = """(float[3] row, float[3] column) => (int64[3] y) <float w = {100.0}>
    { a = Mul(row, w) b = Add(a, column) y = Cast<to=7>(b) }"""
    feed = {
        "row": np.array([40, 41, 99], np.float32),
        "column": np.array([97, 3, 99], np.float32),
    }
    assert _run(tmp_path, text, feed).tolist() == [4097, 4103, 9999]


def test_graphs_without_floats_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of them is rounded, and ONNX Runtime lacks kernels of small integers."""
    text = "(int8[4] x, bool[4] c) => (int8[4] y) { y = Where(c, x, x) }"
    plan = half_precision(graph_of(text), [{"x": np.zeros(4, np.int8), "c": np.ones(4, bool)}])
    assert plan.islands == {}
