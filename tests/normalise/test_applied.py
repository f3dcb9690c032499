"""A recognition that is off is found where it was applied, even if the outputs hide it."""

import numpy as np
import pytest

from mobilekit.errors import PassDisagreementError
from mobilekit.normalise import pipeline
from mobilekit.normalise.recognition import Recognition
from tests.normalise.support import model, normalised

HIDDEN = "r = Tanh (x) m = Mul (r, tiny) s = Sigmoid (m) y = Add (s, x)"
TINY = {"tiny": np.array(1e-7, np.float32)}


def _off_by(factor: float):
    def wrong(editor):
        """A recognition with a defect: its value is off by a factor."""
        node = next((n for n in editor.nodes if n.op == "Tanh"), None)
        if node is None or "off" in editor.constants:
            return []
        scale = editor.add_constant(np.array(factor, np.float32), "off")
        inner = editor.add("Tanh", node.inputs, at=node)
        editor.replace(node.outputs[0], editor.add("Mul", [inner, scale], at=node))
        editor.remove_unused()
        return [Recognition(kind="Tanh", node="r", detail="")]

    return wrong


def test_a_hidden_defect_names_pass_and_node(monkeypatch):
    """The output is right to the last bit that counts; the value is not."""
    monkeypatch.setattr(pipeline, "PIPELINE", (*pipeline.PIPELINE[:3], _off_by(1.01)))
    with pytest.raises(PassDisagreementError, match=r"pass wrong, Tanh, node r: 'r'"):
        normalised(model(HIDDEN), **TINY)


def test_the_same_without_defect(monkeypatch):
    """A factor of one is no defect."""
    monkeypatch.setattr(pipeline, "PIPELINE", (*pipeline.PIPELINE[:3], _off_by(1.0)))
    assert normalised(model(HIDDEN), **TINY).recognised


def test_a_layer_that_takes_an_offset_is_compared_behind_it(monkeypatch):
    """A sandwich before a convolution whose output, by name, has an offset in it afterwards."""
    body = """r = Reshape (x, five) p = Pad (r, pads) s = Reshape (p, four)
        c = Conv <kernel_shape = [3, 3]> (s, w) a = Add (c, b) y = Relu (a)"""
    five, four = np.array([1, 4, 1, 6, 6]), np.array([1, 4, 8, 8])
    constants = {"five": five, "four": four, "pads": np.array([0, 0, 0, 1, 1, 0, 0, 0, 1, 1])}
    constants |= {"w": np.ones((4, 4, 3, 3), np.float32), "b": np.full((1, 4, 1, 1), 7, np.float32)}
    monkeypatch.setattr("mobilekit.normalise.applied.float32_limits", None)  # nothing is left to rounding
    found = {each.kind for each in normalised(model(body + "", out="1,4,6,6"), **constants).recognised}
    assert {"Reshape sandwich", "offset into the bias"} <= found
