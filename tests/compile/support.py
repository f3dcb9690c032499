"""A tiny .tflite file, and children that only pretend to compile."""

from __future__ import annotations

import sys
from pathlib import Path

import onnx

from mobilekit.convert.tflite.api import emit
from mobilekit.source.graph import graph_from_proto

_NET = """
<ir_version: 10, opset_import: ["" : 21]>
tiny (float[1, 3, 8, 8] x) => (float[1, {channels}, 8, 8] {output}) {{ {output} = {operator} }}
"""


def tiny_tflite(path: Path, *, output: str = "y", operator: str = "Relu (x)", channels: int = 3) -> Path:
    """A file with one input ``x`` and one operator."""
    text = _NET.format(output=output, operator=operator, channels=channels)
    graph = graph_from_proto(onnx.parser.parse_model(text), stage="legalised")
    path.write_bytes(emit(graph, precision="fp32", description=None, source_inputs=graph.inputs))
    return path


def child(folder: Path, body: str) -> list[str]:
    """The command of a child that runs ``body``; ``folder`` and ``request`` are there for it."""
    script = folder / "child.py"
    script.write_text(
        "import json, os, shutil, signal, sys, time\n"
        "from pathlib import Path\n"
        "folder = Path(sys.argv[1])\n"
        "request = json.loads((folder / 'request.json').read_text())\n"
        "def answer(**said): (folder / 'answer.json').write_text(json.dumps(said))\n"
        f"{body}\n"
    )
    return [sys.executable, str(script)]


COPIES = (
    "shutil.copyfile(request['model'], folder / 'compiled.tflite')\n"
    "answer(operators=1, offloaded=1, partitions=1, stable=True)"
)
"""A compiler that leaves the file as it is and says that it took everything."""
