"""The generator reaches every operator, and what judges its graphs can tell right from wrong."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from mobilekit.convert.tflite.ops import TABLE as EMITTED
from mobilekit.legalise.profiles import PROFILES
from mobilekit.legalise.rules.dynamic import REASONS
from mobilekit.runtimes.litert import LitertSession
from tests.fuzz.child import run_chunk
from tests.fuzz.choice import Choice
from tests.fuzz.draft import Draft, Unfit
from tests.fuzz.graphs import OPSETS, Case, cases
from tests.fuzz.journal import Journal, read_case, summary, write_case
from tests.fuzz.judge import Verdict, judge
from tests.fuzz.operators import TABLE, available
from tests.fuzz.reducer import reduced

LEFT_OUT = {
    "Constant": "drawn with every operand",
    "DequantizeLinear": "goes with QuantizeLinear",
    "QLinearConv": "ONNX Runtime rounds it as no other; conformance has its cases",
    "QLinearMatMul": "likewise",
    "SimplifiedLayerNormalization": "ONNX has no such operator",
    "SkipLayerNormalization": "likewise",
    "MaxRoiPool": "conformance has its case",
    "STFT": "likewise",
    "TensorScatter": "ONNX Runtime has no kernel",
}
NO_KERNEL = {"Swish", "DeformConv"}
"""ONNX Runtime cannot run them yet: their rows wait."""

quick = settings(
    derandomize=True, max_examples=12, database=None, deadline=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def case(text: str, **feed) -> Case:
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]> g {text}')
    return Case(model=model, feeds=({n: np.asarray(v, np.float32) for n, v in feed.items()},), shapes={})


def test_every_operator_with_a_lowering_is_drawn():
    """A new rule or table entry needs a row here, or a reason."""
    rules = {op for stage in PROFILES["tflite-cpu"] for rule in stage for op in rule.ops}
    served = rules | {op for domain, op in EMITTED.lowerings if not domain}
    assert served - set(TABLE) - set(REASONS) - set(LEFT_OUT) == set()


@st.composite
def _made(draw, name: str, opsets: list[int]) -> bool:
    choose = Choice(draw)
    try:
        TABLE[name](Draft(choose, choose.of(opsets)))
    except Unfit:
        return False
    return True


@pytest.mark.parametrize("name", sorted(set(TABLE) - NO_KERNEL))
def test_each_row_fits_somewhere(name: str):
    """In a few tries, at some opset, ONNX Runtime runs what the row makes: no row is dead."""
    assert find(_made(name, [opset for opset in OPSETS if name in available(opset)]), bool, settings=quick)


def test_a_wrong_file_is_a_finding(monkeypatch):
    """A runtime that is off by 1 % of the range is noticed; as is, the graph is right."""
    graph = case("(float[2,3] x) => (float[2,3] y) { y = Relu(x) }", x=[[1, -2, 3], [0.5, 4, -1]])
    assert judge(graph).kind == "right"
    run = LitertSession.run

    def off(self, feed, *, taps=()):
        return {name: value + np.float32(0.04) for name, value in run(self, feed, taps=taps).items()}

    monkeypatch.setattr(LitertSession, "run", off)
    verdict = judge(graph)
    assert verdict.is_finding
    assert "ConversionDisagreementError" in verdict.reason


def test_a_silent_difference_is_a_finding(monkeypatch):
    """One that only a second feed shows: the self-check has not seen that feed."""
    graph = case("(float[3] x) => (float[3] y) { y = Relu(x) }", x=[1, 2, 3])
    graph = Case(model=graph.model, feeds=(*graph.feeds, {"x": np.float32([-1, 2, -3])}), shapes={})
    run = LitertSession.run
    monkeypatch.setattr(
        LitertSession,
        "run",
        lambda self, feed, *, taps=(): {**run(self, feed, taps=taps), "y": np.abs(feed["x"])},
    )
    assert judge(graph).reason.startswith("silent difference")


def test_an_untyped_error_is_a_finding(monkeypatch):
    """Whatever is no MobilekitError: here a KeyError."""

    def broken(*_, **__):
        raise KeyError("y")

    monkeypatch.setattr(LitertSession, "run", broken)
    assert judge(case("(float[3] x) => (float[3] y) { y = Relu(x) }", x=[1, 2, 3])).reason.startswith(
        "untyped KeyError"
    )


def test_a_refusal_counts_by_its_reason():
    """Names and numbers are taken out."""
    refused = judge(
        case("(float[3] x) => (float[?] z) { b = Cast <to=9> (x) z = Compress(x, b) }", x=[1, 0, 3])
    )
    assert refused.kind == "refused"
    assert "Compress" in refused.reason
    assert "z" not in refused.reason.split()


def test_values_on_a_step_are_not_judged():
    """Floor of (1/3)·3 is 0 or 1 by a rounding; of 2.5 it is 2 whoever computes it."""
    text = "(float[4] x) => (float[4] y) <float c = {3}> { a = Div(x, c) b = Mul(a, c) y = Floor(b) }"
    assert judge(case(text, x=[1, 2, 4, 5])).kind == "unusable"
    assert judge(case(text, x=[1.5, 2.5, 3.5, 4.5])).kind == "right"


def test_the_reducer_leaves_what_matters():
    """Four nodes and two outputs become the one node that the finding is about."""
    whole = case(
        "(float[2,3] x) => (float[2,3] z, float[2,3] a) { a = Relu(x) b = Sigmoid(a) c = Tanh(b) z = Neg(c) }",
        x=[[1, -2, 3], [0.5, 4, -1]],
    )
    small = reduced(whole, lambda c: any(n.op_type == "Tanh" for n in c.model.graph.node))
    assert [n.op_type for n in small.model.graph.node] == ["Tanh"]
    assert judge(small).kind == "right"


def test_a_case_is_read_back(tmp_path):
    """Model, feeds and shapes."""
    graph = case("(float[3] x) => (float[3] y) { y = Relu(x) }", x=[1, 2, 3])
    write_case(tmp_path, graph)
    again = read_case(tmp_path)
    assert (again.model, again.shapes) == (graph.model, graph.shapes)
    np.testing.assert_array_equal(again.feeds[0]["x"], graph.feeds[0]["x"])


def test_a_stopped_run_goes_on(tmp_path, monkeypatch):
    """A chunk's first graphs are not judged again; the others are those of an unbroken run."""
    judged = []

    def noted(graph, folder=None):
        judged.append(onnx.printer.to_text(graph.model))
        return Verdict("right")

    monkeypatch.setattr("tests.fuzz.child.judge", noted)
    monkeypatch.setattr("tests.fuzz.child.judge_precision", lambda *_: Verdict("right"))
    whole, broken = Journal(tmp_path / "whole"), Journal(tmp_path / "broken")
    run_chunk(whole, 3, 0, 6, tmp_path)
    first, judged[:] = list(judged), []
    for line in whole.lines(0)[:4]:
        broken.append(0, line)
    run_chunk(broken, 3, 0, 6, tmp_path)
    assert judged == first[4:]
    assert len(broken.lines(0)) == 6
    assert "6 graphs" in summary(broken, 1.0)


@quick
@given(cases(most=4))
def test_graphs_are_valid(graph: Case):
    """ONNX's checker accepts them; every output is computed."""
    onnx.checker.check_model(graph.model)
