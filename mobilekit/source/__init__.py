"""Reading models: in goes an .onnx file, out comes a checked :class:`~mobilekit.source.graph.Graph`."""
