"""Write tf2onnx/*.onnx and keras/*.onnx: every block through tf2onnx at several opsets, some through Keras itself.

Run from the repository's root, in an environment with tensorflow, tf2onnx and onnx:
    python tests/exporters/make_tensorflow.py
"""
# ruff: noqa: B905 - written as the exporters' users write

import os
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from tensorflow_blocks import BLOCKS

HERE = Path(__file__).parent
OPSETS = (9, 13, 18)
KERAS = ("unet", "resnet", "mobilenetv3", "convnext", "vit")


def build(make):
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    model, rng = make(), np.random.default_rng(0)
    for variable in model.weights:
        low, high = (0.5, 1.5) if "variance" in variable.path or "gamma" in variable.path else (-0.5, 0.5)
        variable.assign(rng.uniform(low, high, variable.shape).astype(np.float32))
    return model


def export(model, path: Path, opset: int) -> None:
    signature = [tf.TensorSpec(v.shape, v.dtype, name=n) for v, n in zip(model.inputs, ("x", "style"))]
    function = tf.function(lambda *v: model(list(v) if len(v) > 1 else v[0], training=False), signature)
    proto, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=opset)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def attempt(path: Path, write) -> None:
    path.parent.mkdir(exist_ok=True)
    try:
        write()
        onnx.checker.check_model(path)
    except Exception as error:  # noqa: BLE001 - an exporter's own limit, told and left out
        path.unlink(missing_ok=True)
        print(f"{path.name}: {type(error).__name__}: {str(error)[:150]}")  # noqa: T201


def main() -> None:
    for name, make in BLOCKS.items():
        model = build(make)
        for opset in OPSETS:
            path = HERE / "tf2onnx" / f"{name}.{opset}.onnx"
            attempt(path, lambda p=path, o=opset, m=model: export(m, p, o))
        if name in KERAS:
            path = HERE / "keras" / f"{name}.onnx"
            attempt(path, lambda p=path, m=model: m.export(str(p), format="onnx", verbose=False))


if __name__ == "__main__":
    main()
