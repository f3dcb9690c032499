"""Graphs of one node, legalised, emitted and run in LiteRT."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from mobilekit.convert.tflite import emit
from mobilekit.legalise.legality import check_legal
from mobilekit.legalise.pipeline import legalise
from mobilekit.runtimes.litert import open_tflite
from tests.legalise.support import node_graph


def litert(op, operands, *, runtime=(0,), outputs=("y",), opset=21, **attributes):
    """What LiteRT computes for one ONNX operator: its first output."""
    graph, feed = node_graph(op, operands, runtime=runtime, outputs=outputs, opset=opset, **attributes)
    legal = legalise(graph, samples=[]).graph
    assert check_legal(legal) == ()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "node.tflite"
        path.write_bytes(emit(legal, precision="fp32"))
        with open_tflite(path) as session:
            return session.run(feed)[outputs[0]]


def edges(dtype, *, count=0, seed=0):
    """Every power of two of an integer type and its neighbours, of both signs; then random ones."""
    limits = np.iinfo(dtype)
    powers = {s * (1 << k) + d for k in range(limits.bits) for d in (-1, 0, 1) for s in (1, -1)}
    values = sorted(v for v in powers if limits.min <= v <= limits.max)
    values += (
        np.random.default_rng(seed).integers(limits.min, limits.max, count, dtype, endpoint=True).tolist()
    )
    return np.array(values, dtype)


def wrapped(function, dtype, *operands):
    """``function`` of Python integers, cut to the bits of ``dtype``."""
    limits = np.iinfo(dtype)
    exact = [function(*(int(v) for v in row)) for row in zip(*operands, strict=True)]
    return np.array([(v - limits.min) % (1 << limits.bits) + limits.min for v in exact], dtype)
