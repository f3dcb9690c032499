"""Sources of feeds: lazy, repeatable, split by photo, checked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mobilekit.calibrate.samples import RecentArrays, SampleSource, given_samples, split
from mobilekit.errors import InputDataError
from mobilekit.tensors import DType, TensorSpec

SPEC = TensorSpec(name="x", dtype=DType.FLOAT32, shape=(2,))


def source(count: int) -> SampleSource:
    """Photo i and its partner half the set further."""
    return SampleSource(
        items=tuple(range(count)),
        names=tuple(f"photo{i}" for i in range(count)),
        digest="d",
        make=lambda items, i: {"x": np.array([items[i], items[(i + len(items) // 2) % len(items)]])},
    )


def firsts(samples: SampleSource) -> list[int]:
    """The first photo of each feed."""
    return [int(feed["x"][0]) for feed in samples]


def test_even_calibrate_odd_score() -> None:
    """The split is by order of names, without overlap, and each part pairs within itself."""
    calibration, scoring = split(source(7))
    assert firsts(calibration) == [0, 2, 4, 6]
    assert firsts(scoring) == [1, 3, 5]
    assert scoring.names == ("photo1", "photo3", "photo5")
    assert {int(v) for feed in scoring for v in feed["x"]} == {1, 3, 5}
    assert len({source(7).digest, calibration.digest, scoring.digest}) == 3


def test_iterating_again_and_indexing() -> None:
    """A source can be iterated any number of times; an index outside it is an IndexError."""
    samples = source(3)
    assert firsts(samples) == firsts(samples) == [0, 1, 2]
    assert int(samples[-1]["x"][0]) == 2
    with pytest.raises(IndexError):
        samples[3]


def test_spread_is_even() -> None:
    """A few samples come from the whole set; of a small set all."""
    assert firsts(source(100).spread(4)) == [0, 25, 50, 75]
    assert firsts(source(3).spread(8)) == [0, 1, 2]


def test_picked_feeds_are_the_very_feeds_of_the_source() -> None:
    """Also where samples are made of two photos: a spread source pairs what it has left anew."""
    pair = {index: (index, (index + 2) % 5) for index in range(5)}
    samples = replace(source(5), make=lambda items, i: {"pair": (items[i], items[(i + 2) % len(items)])})
    picked = samples.picked(2)
    assert [feed["pair"] for feed in picked.values()] == [pair[0], pair[2]]
    assert list(picked) == [samples.names[0], samples.names[2]]
    assert [feed["pair"] for feed in samples.spread(2)] != [pair[0], pair[2]]


def test_given_samples_are_checked() -> None:
    """Ready-made feeds fit exactly, or the sample and input are named."""
    good = [{"x": np.zeros(2, np.float32)}, {"x": np.ones(2, np.float32)}]
    samples = given_samples((SPEC,), good)
    assert len(samples) == 2
    assert samples.digest != given_samples((SPEC,), good[::-1]).digest
    bad = (
        {},
        {"x": np.zeros(2, np.float32), "y": np.zeros(1)},
        {"x": np.zeros(3, np.float32)},
        {"x": np.zeros(2)},
        {"x": [0.0, 0.0]},
        {"x": np.array([0, np.inf], np.float32)},
    )
    for feed in bad:
        with pytest.raises(InputDataError, match=r"samples\[1\]"):
            given_samples((SPEC,), [good[0], feed])  # type: ignore[list-item]
    with pytest.raises(InputDataError, match="empty"):
        given_samples((SPEC,), [])


def test_recent_arrays_stay_within_their_bytes() -> None:
    """What was used last is kept, what would not fit is made again."""
    made = []

    def make(key: int) -> np.ndarray:
        made.append(key)
        return np.full(10, key, np.uint8)

    recent = RecentArrays(25)
    for key in (1, 2, 1, 3, 1, 2):
        assert recent.get(key, lambda key=key: make(key))[0] == key
    assert made == [1, 2, 3, 2]
