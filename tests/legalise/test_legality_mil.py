"""check_legal_mil finds what the lowerings to MIL must not meet."""

import numpy as np
import pytest

from mobilekit.legalise.legality_mil import check_legal_mil
from tests.legalise.support import noise, text_graph

ILLEGAL = [
    ('Conv <auto_pad="SAME_UPPER"> (x, w)', "pads are not written out"),
    ("MaxPool <kernel_shape=[2,2], pads=[0,0,0,0], ceil_mode=1> (x)", "ceil_mode"),
    ('Pad <mode="wrap"> (x, p)', "mode wrap"),
    ('Resize <mode="cubic"> (x, , , s)', "mode cubic"),
    ("Resize (x, , , s)", "mode nearest"),
    ("Gather (x, i)", "negative"),
    ("GlobalAveragePool (x)", "no place"),
    ("Unsqueeze (x, a)", "no place"),
    ("Expand (x, e)", "more than 5 axes"),
]


def _found(line):
    constants = {
        "w": noise(1, 1, 3, 3), "p": np.array([0, 0, 1, 1] * 2), "s": np.array([1, 1, 9, 9]), "i": np.array([-1]),
        "a": np.array([0]), "e": np.array([2, 2, 1, 1, 8, 8]),
    }  # fmt: skip
    used = {
        k: v
        for k, v in constants.items()
        if f" {k}" in line.replace("(", " ").replace(",", " ").replace(")", " ")
    }
    return check_legal_mil(text_graph(f"g (float[1,1,8,8] x) => (float y) {{ y = {line} }}", used))


@pytest.mark.parametrize(("line", "problem"), ILLEGAL)
def test_violation(line, problem):
    """Each is named with its node."""
    found = _found(line)
    assert any(problem in each and each.startswith("y (") for each in found), found


@pytest.mark.parametrize("line", ["Relu (x)", 'Pad <mode="reflect"> (x, p)', "Conv <pads=[1,1,1,1]> (x, w)"])
def test_legal(line):
    """What MIL says itself is fine."""
    assert _found(line) == ()
