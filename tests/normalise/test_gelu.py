"""The activations of ONNX Runtime's own domain, in ONNX's operators."""

import pytest

from tests.normalise.support import normalised, ops


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("y = com.microsoft.Gelu (x)", ["Gelu"]),
        ("y = com.microsoft.QuickGelu <alpha = 1.5> (x)", ["Mul", "Sigmoid", "Mul"]),
        ("y = com.microsoft.QuickGelu (x)", ["Mul", "Sigmoid", "Mul"]),
    ],
)
def test_computes_the_same(body, expected):
    """Normalise compares the outputs."""
    text = (
        '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]> '
        f"g (float[1,4,6,6] x) => (float[1,4,6,6] y) {{ {body} }}"
    )
    assert ops(normalised(text)) == expected
