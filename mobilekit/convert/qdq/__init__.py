"""From a legalised graph and its plan to an ONNX model with QuantizeLinear and DequantizeLinear.

The integers are those of the .tflite file of the same plan: ``writer`` puts them around the operators,
``constants`` makes those of weights, biases and operands, ``reunite`` and ``mish`` take back what only TFLite
has in parts, ``norms`` writes the functions of domain ``mobilekit`` in operators of ONNX.
"""

from __future__ import annotations

from mobilekit.convert.qdq.api import emit

__all__ = ["emit"]
