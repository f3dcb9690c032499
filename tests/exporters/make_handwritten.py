"""Write handwritten/*.onnx: spellings of exporters that no longer install, and of people.

MediaPipe's converters, keras2onnx and the old TensorFlow and Caffe converters wrote these; here they are
written with onnx.parser in the same style. Run from the repository's root: python tests/exporters/make_handwritten.py
"""

from pathlib import Path

import numpy as np
import onnx

HERE = Path(__file__).parent
RNG = np.random.default_rng(0)


def weights(*shape: int) -> np.ndarray:
    return RNG.uniform(-0.5, 0.5, shape).astype(np.float32)


MODELS = {
    # MediaPipe: NHWC at the border, asymmetric zero Pad before a strided convolution, PReLU with [1, 1, C] slopes.
    "mediapipe_stem": (
        8, "float[1,16,16,3] x", "float[1,8,8,4] y",
        """t = Transpose <perm = [0,3,1,2]> (x) p = Pad <pads = [0,0,0,0,0,0,1,1], mode = "constant"> (t)
        c = Conv <kernel_shape = [3,3], strides = [2,2]> (p, w, b) h = Transpose <perm = [0,2,3,1]> (c)
        r = Relu (h) n = Neg (h) q = Relu (n) m = Mul (q, a) o = Neg (m) s = Add (r, o)
        u = Transpose <perm = [0,3,1,2]> (s) d = Conv <kernel_shape = [1,1]> (u, v) y = Transpose <perm = [0,2,3,1]> (d)""",
        {"w": weights(4, 3, 3, 3), "b": weights(4), "a": weights(1, 1, 4), "v": weights(4, 4, 1, 1)},
    ),
    # keras2onnx: BatchNormalization before a padding convolution, upsampling by Upsample, dense layers as MatMul + Add.
    "keras2onnx_block": (
        9, "float[1,4,8,8] x", "float[1,3] y",
        """r = Relu (x) n = BatchNormalization <epsilon = 0.001> (r, g, b, m, v)
        c = Conv <auto_pad = "SAME_UPPER", kernel_shape = [3,3]> (n, w) s = Constant <value_floats = [1.0, 1.0, 2.0, 2.0]> ()
        u = Upsample <mode = "nearest"> (c, s) p = GlobalAveragePool (u) f = Flatten <axis = 1> (p)
        d = MatMul (f, k) y = Add (d, e)""",
        {"g": weights(4) + 1, "b": weights(4), "m": weights(4), "v": weights(4) + 1, "w": weights(4, 4, 3, 3),
         "k": weights(4, 3), "e": weights(3)},
    ),
    # By hand: an instance norm from sums and a reciprocal root, on a map flattened to rows.
    "rows_norm": (
        13, "float[1,4,6,6] x", "float[1,4,6,6] y",
        """r = Relu (x) i = Identity (r) f = Reshape (i, rows) l = Constant <value_ints = [1]> () n = Constant <value_float = 36.0> ()
        e = Constant <value_float = 0.001> () t = ReduceSum (f, l) u = Div (t, n) d = Sub (f, u) q = Mul (d, d)
        s = ReduceSum (q, l) v = Div (s, n) k = Add (v, e) o = Sqrt (k) z = Reciprocal (o) w = Mul (d, z)
        y = Reshape (w, back)""",
        {"rows": np.array([4, 36]), "back": np.array([1, 4, 6, 6])},
    ),
    # PyTorch Mobile and ncnn users: squeeze-excite with a mean of means and a hard sigmoid by Clip.
    "squeeze_by_hand": (
        13, "float[1,4,8,8] x", "float[1,4,8,8] y",
        """r = Relu (x) a = ReduceMean <axes = [3], keepdims = 1> (r) m = ReduceMean <axes = [2], keepdims = 1> (a)
        c = Conv (m, w) d = Relu (c) f = Conv (d, k) three = Constant <value_float = 3.0> () six = Constant <value_float = 6.0> ()
        zero = Constant <value_float = 0.0> () t = Add (f, three) l = Clip (t, zero, six) h = Div (l, six) y = Mul (r, h)""",
        {"w": weights(2, 4, 1, 1), "k": weights(4, 2, 1, 1)},
    ),
    # Caffe's: BatchNormalization, Scale and Bias layers after a convolution, each a node.
    "caffe_scale": (
        11, "float[1,3,8,8] x", "float[1,4,8,8] y",
        """c = Conv <pads = [1,1,1,1]> (x, w) s = Sub (c, m) n = Div (s, d) f = Mul (n, g) o = Add (f, b) y = Relu (o)""",
        {"w": weights(4, 3, 3, 3), "m": weights(4, 1, 1), "d": weights(4, 1, 1) + 1, "g": weights(4, 1, 1),
         "b": weights(4, 1, 1)},
    ),
}  # fmt: skip


def main() -> None:
    folder = HERE / "handwritten"
    folder.mkdir(exist_ok=True)
    for name, (opset, given, result, body, constants) in MODELS.items():
        text = f'<ir_version: 8, opset_import: ["" : {opset}]> g ({given}) => ({result}) {{ {body} }}'
        model = onnx.parser.parse_model(text)
        model.graph.initializer.extend(onnx.numpy_helper.from_array(v, k) for k, v in constants.items())
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
