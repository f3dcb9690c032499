"""Core ML from a legalised graph: in goes a Graph, out comes an .mlpackage folder.

``ops`` says each ONNX operator in MIL, ``emitter`` keeps values, precisions and names,
``packaging`` writes the same bytes for the same program.
"""
