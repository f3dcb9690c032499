"""Convolutions: one MIL operator each, whatever their rank, groups, dilations and pads."""

import numpy as np
import pytest

from tests.convert.coreml.support import graph_of, refusal
from tests.legalise.mil import check_mil, check_node_mil
from tests.legalise.support import noise, text_graph

CONVS = [
    ((1, 4, 9), (6, 4, 3), {"pads": [2, 0], "strides": [2]}),
    ((2, 4, 9, 8), (6, 2, 3, 2), {"group": 2, "dilations": [2, 3], "pads": [1, 0, 2, 3]}),
    ((1, 4, 7, 7), (8, 1, 3, 3), {"group": 4, "auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    ((1, 2, 5, 6, 4), (3, 2, 2, 3, 1), {"pads": [1, 1, 0, 0, 1, 0], "dilations": [2, 1, 1]}),
]
TRANSPOSED = [
    ((1, 4, 6), (4, 3, 3), {"strides": [2], "output_padding": [1]}),
    (
        (1, 4, 5, 6),
        (4, 2, 3, 3),
        {"group": 2, "strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
    ),
    ((1, 4, 5, 6), (4, 3, 2, 3), {"dilations": [2, 1], "pads": [0, 1, 1, 0]}),
    ((1, 4, 5, 5), (4, 2, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ((1, 2, 3, 4, 3), (2, 3, 2, 2, 2), {"strides": [2, 1, 2], "pads": [0, 1, 0, 1, 0, 0]}),
]


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize(("x", "w", "attributes"), CONVS)
def test_conv(x, w, attributes, precision):
    """Pads join the operator; nothing is transposed or reshaped."""
    tolerance = 1e-5 if precision == "fp32" else 5e-3
    operands = [noise(*x), noise(*w, seed=1), noise(w[0], seed=2)]
    found = check_node_mil("Conv", operands, tolerance=tolerance, precision=precision, **attributes)
    del found["cast"]
    assert found == {"conv": 1}


@pytest.mark.parametrize(("x", "w", "attributes"), TRANSPOSED)
def test_conv_transpose(x, w, attributes):
    """Cut by pads, of which output_padding takes back."""
    bias = noise(w[1] * attributes.get("group", 1), seed=2)
    found = check_node_mil("ConvTranspose", [noise(*x), noise(*w, seed=1), bias], **attributes)
    assert found["conv_transpose"] == 1
    assert found.keys() <= {"conv_transpose", "pad", "add"}


def test_output_padding_beyond_the_result_is_zeros_and_bias():
    """Without pads there is nothing to take back: a Pad, then the bias."""
    found = check_node_mil(
        "ConvTranspose", [noise(1, 2, 4, 4), noise(2, 3, 2, 2, seed=1), noise(3, seed=2)],
        strides=[3, 3], output_padding=[1, 2],
    )  # fmt: skip
    assert found == {"conv_transpose": 1, "pad": 1, "add": 1}


def test_weights_at_run_time():
    """They are an operand; dilated ones are products of 1x1 convolutions."""
    operands = [noise(1, 3, 6, 6), noise(4, 3, 3, 3, seed=1)]
    assert check_node_mil("Conv", operands, runtime=(0, 1), pads=[1, 1, 1, 1]) == {"conv": 1}
    assert check_node_mil("Conv", operands, runtime=(0, 1), dilations=[2, 2])["conv"] == 9


def test_a_pad_of_zeros_joins_the_convolution():
    """One of reflections, or of another number, does not."""
    body = 'p = Pad <mode="{}"> (x, pads, {}) y = Conv (p, w)'
    constants = {"pads": np.array([0, 0, 1, 2, 0, 0, 0, 1]), "w": noise(2, 2, 3, 3), "v": np.float32(1)}
    feed = {"x": noise(1, 2, 6, 6)}
    for mode, value, expected in (("constant", "", ["conv"]), ("reflect", "", ["conv", "pad"]),
                                  ("constant", "v", ["conv", "pad"])):  # fmt: skip
        text = f"g (float[1,2,6,6] x) => (float y) {{ {body.format(mode, value)} }}"
        used = {k: v for k, v in constants.items() if k != "v" or value}
        assert sorted(check_mil(text_graph(text, used), feed)) == expected


def test_what_was_not_legalised_is_refused(tmp_path):
    """An auto_pad or an output_padding, of which the table knows nothing."""
    text = "g (float[1,1,4,4] x, float[1,1,3,3] w) => (float[1,1,{}] y) {{ y = {} (x, w) }}"
    same = graph_of(text.format("4,4", 'Conv <auto_pad="SAME_UPPER">'))
    assert "auto_pad" in refusal(same, tmp_path)
    more = graph_of(text.format("8,8", "ConvTranspose <strides=[2,2], output_padding=[1,1], pads=[1,1,1,1]>"))
    assert "output_padding" in refusal(more, tmp_path)
