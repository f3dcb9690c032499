"""Graphs legalised for Core ML, written as packages, evaluated, and compared with ONNX Runtime."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from mobilekit.convert.coreml.api import emit
from mobilekit.legalise.legality_mil import check_legal_mil
from mobilekit.legalise.pipeline import legalise
from mobilekit.source.graph import Graph
from tests.convert.coreml.support import evaluated, kinds
from tests.legalise.support import node_graph, reference


def check_mil(graph: Graph, feed, *, tolerance=1e-5, precision="fp32") -> Counter[str]:
    """The operators of the package, whose outputs are those of ``graph`` within ``tolerance`` of their range."""
    legal = legalise(graph, profile="coreml", samples=[feed]).graph
    assert check_legal_mil(legal) == ()
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "m.mlpackage"
        emit(legal, package, precision=precision)
        found = evaluated(package, feed)
        for name, wanted in reference(graph, feed).items():
            assert found[name].shape == wanted.shape, name
            if wanted.dtype.kind == "f":
                size = max(1.0, float(np.abs(wanted).max(initial=0)))
                np.testing.assert_allclose(found[name], wanted, rtol=0, atol=tolerance * size, err_msg=name)
            else:
                np.testing.assert_array_equal(found[name], wanted, err_msg=name)
        return Counter(kinds(package))


def check_node_mil(op, operands, *, tolerance=1e-5, precision="fp32", **options) -> Counter[str]:
    """The same of a graph of one node; see node_graph."""
    return check_mil(*node_graph(op, operands, **options), tolerance=tolerance, precision=precision)
