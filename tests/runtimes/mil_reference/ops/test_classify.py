"""Classifiers."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.runtimes.mil_reference.types import DictionaryType, TensorType
from tests.runtimes.mil_reference.support import evaluated

SCORES = np.asarray([[0.25, 0.5, 0.25]], np.float32)


def classified(classes, key):
    label = TensorType(dtype=key, shape=())
    return evaluated(
        "classify",
        probabilities=SCORES,
        classes=classes,
        outputs=(label, DictionaryType(key=key, value="fp64")),
    )


def test_texts():
    """The best label, and all of them."""
    label, scores = classified(("cat", "dog", "owl"), "string")
    assert label == "dog"
    assert scores == {"cat": 0.25, "dog": 0.5, "owl": 0.25}


def test_numbers():
    """Labels may be whole numbers."""
    label, scores = classified((np.int64(7), np.int64(8), np.int64(9)), "int64")
    assert label == 8
    assert scores == {7: 0.25, 8: 0.5, 9: 0.25}


def test_too_few_classes():
    """Each probability has a label."""
    with pytest.raises(UnsupportedOperatorError, match="3 probabilities for 2 classes"):
        classified(("cat", "dog"), "string")
