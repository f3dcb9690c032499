"""Keywords given in another form are refused with an example; the right form passes."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.errors import InputDataError, UsageError
from mobilekit.pipeline import convert, inspect, package
from mobilekit.pipeline.keywords import check_samples, check_tiers, checked_shapes, range_rule
from mobilekit.plan.ranges import RangeRule
from tests.pipeline.support import INPUTS, write_model

FEED = {"image": np.zeros((1, 3, 16, 16), np.float32)}


@pytest.mark.parametrize("shape", ["1,3,97,131", (1, 3.0), (1, -3), 5, None, ("1", "3")])
def test_shapes_that_are_none(shape):
    """A text, fractions, negative numbers: the error names the input and shows a right one."""
    with pytest.raises(UsageError, match=r"shapes\['img'\]") as caught:
        checked_shapes({"img": shape})
    assert "(1, 3, 512, 512)" in caught.value.hint


def test_shapes_without_names():
    """Shapes belong to names."""
    with pytest.raises(UsageError, match="mapping"):
        checked_shapes((1, 3, 8, 8))


def test_shapes():
    """Tuples, lists and NumPy's integers are shapes; a scalar has none."""
    given = {"a": (1, 3), "b": [1, 3], "c": np.array([1, 3]), "d": ()}
    assert checked_shapes(given) == {"a": (1, 3), "b": (1, 3), "c": (1, 3), "d": ()}
    assert checked_shapes(None) == {}


def test_tiers():
    """One name as a text is no list of names."""
    with pytest.raises(UsageError) as caught:
        check_tiers("low")
    assert 'tiers=["low"]' in caught.value.hint
    check_tiers(["low"])
    check_tiers(None)


@pytest.mark.parametrize("samples", [FEED, (feed for feed in [FEED]), [FEED["image"]], FEED["image"]])
def test_samples_that_are_no_list_of_feeds(samples):
    """One feed, a generator and bare arrays are refused."""
    with pytest.raises(InputDataError) as caught:
        check_samples(samples)
    assert "a list of feeds" in caught.value.hint


def test_samples():
    """Lists and tuples of feeds pass."""
    check_samples([FEED])
    check_samples((FEED, FEED))
    check_samples(None)


def test_the_functions_check_them(tmp_path):
    """``convert``, ``package`` and ``inspect`` refuse them before they do anything."""
    model = write_model(tmp_path)
    for function in (convert, package, inspect):
        with pytest.raises(UsageError, match="shapes"):
            function(model, shapes={"image": "1,3,16,16"})
    for function in (convert, package):
        with pytest.raises(InputDataError, match="samples is one feed"):
            function(model, samples=FEED, inputs=INPUTS, out=tmp_path / "out")
    with pytest.raises(UsageError, match="'low'"):
        package(model, tiers="low", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_range_rules() -> None:
    """What is not given is the default; a method without its keyword, or one that is unused, is refused."""
    assert range_rule(None, None, symmetric=False) == RangeRule()
    assert str(range_rule("mse", None, symmetric=True)) == "mse symmetric"
    assert str(range_rule(None, 99.9, symmetric=False)) == "percentile 99.9"
    for ranges, percentile in (("average", None), ("mse", 99.9), (None, 40.0)):
        with pytest.raises(UsageError):
            range_rule(ranges, percentile, symmetric=False)
    assert range_rule(None, None, symmetric=False, used=False) == RangeRule()
    for given in ((None, None, True), ("percentile", None, False), (None, 99.99, False)):
        with pytest.raises(UsageError, match="none is"):
            range_rule(*given[:2], symmetric=given[2], used=False)
