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
