"""Operators of the table are named where the Neural Engine may be used, computed from inputs."""

import numpy as np
import onnx
import pytest

from mobilekit.convert.coreml.lints.operators import TABLE
from tests.convert.coreml.lints.graphs import found, graph_of

GATHER = "(float[4,2] x, int64[3] i) => (float[3,2] y) { y = Gather <axis = 0> (x, i) }"


@pytest.mark.parametrize(("units", "expected"), [("all", ["y"]), ("cpu_and_ne", ["y"]), ("cpu_and_gpu", [])])
def test_gather(units, expected):
    assert found("operator", graph_of(GATHER), compute_units=units) == expected


def test_what_the_engine_has_is_not_named():
    assert found("operator", graph_of("(float[2] x) => (float[2] y) { y = Sqrt (x) }")) == []


def test_constants_are_not_run():
    text = "() => (float[2] y) { y = Sin (c) }"
    assert found("operator", graph_of(text, {"c": np.ones(2, np.float32)})) == []


def test_the_table_has_onnx_operators():
    known = {schema.name for schema in onnx.defs.get_all_schemas()}
    assert set(TABLE) <= known
