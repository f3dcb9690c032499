"""The GPU's forms: equal to the original in ONNX Runtime, and on a GPU where there is one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from mobilekit.convert.tflite.api import emit
from mobilekit.description import ModelDescription
from mobilekit.errors import UnsoundArtifactError
from mobilekit.legalise.legality import check_legal
from mobilekit.legalise.pipeline import legalise
from mobilekit.runtimes.litert_gpu import GpuProcess, GpuSession
from mobilekit.runtimes.ort import open_graph
from tests.legalise.support import node_graph, operators, text_graph


def one_node(op, *operands, runtime=(0,), **attributes):
    """A graph of one node, and a feed for it."""
    return node_graph(op, list(operands), runtime=runtime, **attributes)


def several(text, x, **constants):
    """A graph written as text with one input ``x``, and a feed for it."""
    return text_graph(text, constants), {"x": x}


def rewritten(case, *, tolerance=0.0):
    """The operators of the CPU's and of the GPU's form; the latter computes what the original does."""
    graph, feed = case
    gpu = legalise(graph, profile="tflite-gpu", samples=[]).graph
    with open_graph(graph, optimise=False) as one, open_graph(gpu, optimise=False) as other:
        wanted, got = one.run(feed), other.run(feed)
    for name, value in wanted.items():
        np.testing.assert_allclose(got[name], value, atol=tolerance, rtol=tolerance)
        assert (got[name].dtype, got[name].shape) == (value.dtype, value.shape)
    assert check_legal(gpu) == ()
    return operators(legalise(graph, profile="tflite-cpu", samples=[]).graph), operators(gpu)


def wrong_on_gpu(case, process: GpuProcess, *, profile="tflite-gpu") -> float:
    """The largest error on the GPU, of the largest expected value; the file runs there whole."""
    graph, feed = case
    legal = legalise(graph, profile=profile, samples=[]).graph
    content = emit(
        legal,
        precision="fp32",
        description=ModelDescription(name="net"),
        source_inputs=graph.inputs,
        source_outputs=graph.outputs,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.tflite"
        path.write_bytes(content)
        with open_graph(graph, optimise=False) as reference:  # its fusions mistake some pads too
            wanted = reference.run(feed)
        with GpuSession(path, process, precision="fp32", owns_process=False) as session:
            assert session.acceleration.whole, session.acceleration.summary()
            try:
                got = session.run(feed)
            except UnsoundArtifactError:  # its results were thrown away
                return float("inf")
    (name, value), *_ = wanted.items()
    finite = np.isfinite(value)
    if not np.array_equal(got[name][~finite], value[~finite]):
        return float("inf")
    error = np.abs(got[name][finite].astype(np.float64) - value[finite])
    return float(error.max() / np.abs(value[finite]).max())
