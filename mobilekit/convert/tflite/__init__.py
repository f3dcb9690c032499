"""From a legalised graph to a .tflite file, written directly.

``view`` reads the graph, ``fusion`` joins activations to their operators, ``layout`` decides where
channels are, the functions of ``ops`` write each operator through ``operation`` and ``emitter``,
``writer`` packs canonical bytes. ``quantisable`` tells the plan what can be int8; ``fallback`` is
the way over onnx2tf.
"""

from __future__ import annotations

from mobilekit.convert.tflite.api import emit, refusals

__all__ = ["emit", "refusals"]
