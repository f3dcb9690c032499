"""Each normalisation operator of ONNX becomes one of domain mobilekit, and computes the same."""

import numpy as np
import pytest

from mobilekit.errors import ShapeError, UnsupportedOperatorError
from tests.normalise.support import model, normalised, ops

RNG = np.random.default_rng(1)
C4 = {"g": RNG.normal(size=4).astype(np.float32), "b": RNG.normal(size=4).astype(np.float32)}
C6 = {"g": RNG.normal(size=6).astype(np.float32), "b": RNG.normal(size=6).astype(np.float32)}
CASES = [
    ("y = InstanceNormalization <epsilon = 0.01> (x, g, b)", C4, 17, ["Normalize"]),
    ("y = LayerNormalization <epsilon = 0.01> (x, g, b)", C6, 17, ["Normalize"]),
    ("y = LayerNormalization (x, g)", {"g": C6["g"]}, 17, ["Normalize"]),
    ("y = LayerNormalization <axis = 1> (x, g)", {"g": np.full((4, 6, 6), 2, np.float32)}, 17, ["Normalize"]),
    ("y = GroupNormalization <num_groups = 2> (x, g, b)", C4, 21, ["GroupNormalize"]),
    (
        "y = GroupNormalization <num_groups = 2> (x, g, b)",
        {"g": C4["g"][:2], "b": C4["b"][:2]},
        18,
        ["GroupNormalize"],
    ),
    ("y = GroupNormalization <num_groups = 4> (x, g, b)", C4, 21, ["Normalize"]),
    ("y = GroupNormalization <num_groups = 1> (x, g, b)", C4, 21, ["Normalize"]),
    ("y = MeanVarianceNormalization (x)", {}, 13, ["Normalize"]),
    ("y = MeanVarianceNormalization <axes = [2, 3]> (x)", {}, 9, ["Normalize"]),
    ("y = RMSNormalization <epsilon = 0.01> (x, g)", {"g": C6["g"]}, 23, ["RmsNormalize"]),
    ("y = SimplifiedLayerNormalization (x, g)", {"g": C6["g"]}, 17, ["RmsNormalize"]),
    ("y = LpNormalization <axis = 1> (x)", {}, 17, ["RmsNormalize"]),
    ("y = LpNormalization <axis = 1, p = 1> (x)", {}, 17, ["LpNormalization"]),
]


@pytest.mark.parametrize(("body", "constants", "opset", "expected"), CASES)
def test_operator(body, constants, opset, expected):
    """One node, equal outputs."""
    assert ops(normalised(model(body, opset=opset), **constants)) == expected


def test_groups_as_torch_exports_them():
    """Reshape → InstanceNormalization → Reshape → Mul → Add is one GroupNormalize."""
    body = """
        f = Constant <value_ints = [0, 2, -1]> () w = Constant <value_ints = [1, 4, 6, 6]> ()
        one = Constant <value_floats = [1.0, 1.0]> () zero = Constant <value_floats = [0.0, 0.0]> ()
        xf = Reshape (x, f) n = InstanceNormalization (xf, one, zero) o = Reshape (n, w) p = Mul (o, g) y = Add (p, b)
    """
    constants = {k: v.reshape(4, 1, 1) for k, v in C4.items()}
    result = normalised(model(body), **constants)
    assert ops(result) == ["GroupNormalize"]
    assert any(r.kind == "GroupNormalization from Reshape/Normalize/Reshape" for r in result.recognised)


def test_adain_folds_values_of_run_time():
    """Scale and bias that are computed from another input go into the norm."""
    text = (
        '<ir_version: 8, opset_import: ["" : 17]> g (float[1,4,6,6] x, float[1,8,1,1] style) => (float[1,4,6,6] y) '
        "{ parts = Constant <value_ints = [4, 4]> () s, t = Split <axis = 1> (style, parts) "
        "one = Constant <value_floats = [1.0,1.0,1.0,1.0]> () zero = Constant <value_floats = [0.0,0.0,0.0,0.0]> () "
        "n = InstanceNormalization (x, one, zero) p = Mul (s, n) y = Add (p, t) }"
    )
    assert ops(normalised(text)) == ["Split", "Normalize"]


def test_a_modulation_of_the_size_of_the_map_stays_outside():
    """SPADE: the factor is a map itself."""
    text = (
        '<ir_version: 8, opset_import: ["" : 17]> g (float[1,4,6,6] x, float[1,4,6,6] s) => (float[1,4,6,6] y) '
        "{ one = Constant <value_floats = [1.0,1.0,1.0,1.0]> () zero = Constant <value_floats = [0.0,0.0,0.0,0.0]> () "
        "n = InstanceNormalization (x, one, zero) y = Mul (n, s) }"
    )
    assert ops(normalised(text)) == ["Normalize", "Mul"]


def test_statistics_of_a_layer_norm_are_written_out():
    """Its mean and inverse deviation are read."""
    result = normalised(model("n, u, s = LayerNormalization (x, g) p = Mul (n, s) y = Add (p, u)"), g=C6["g"])
    assert ops(result).count("Normalize") == 1
    assert "LayerNormalization" not in ops(result)


def test_statistics_of_a_fused_norm_are_refused():
    """ONNX Runtime's own operator, as its optimiser writes it for training."""
    text = (
        '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]> g (float[1,4,6] x, float[1,4,6] k) => (float[1,4,6] y) '
        "{ n, u = com.microsoft.SkipLayerNormalization (x, k, g) y = Identity (n) }"
    )
    assert ops(normalised(text, g=C6["g"])) == ["Add", "Normalize"]
    with pytest.raises((UnsupportedOperatorError, ShapeError), match="SkipLayerNormalization"):
        normalised(text.replace("y = Identity (n)", "y = Add (n, u)"), g=C6["g"])
