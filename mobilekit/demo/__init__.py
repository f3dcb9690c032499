"""The embedded demo: procedural faces in, a small fusion network and its photos out.

`faces` draws portraits from seeds, `photos` turns a manifest of seeds into calibration
pictures, `fusion.onnx` puts the identity of one portrait into the scene of another.
Nothing here shows a real person, and nothing is downloaded.
"""
