"""From a normalised graph to one that a target can say: in goes a Graph, out come it and what was rewritten.

Every rule is ONNX to ONNX, so the result runs in ONNX Runtime and is compared there with what went in.
"""
