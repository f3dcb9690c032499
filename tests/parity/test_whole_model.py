"""Comparing is exact about names, types and shapes, and judges every output on its worst sample."""

import json
import math

import numpy as np
import pytest

from mobilekit.description import TensorDescription
from mobilekit.errors import ConversionDisagreementError, InputDataError, UnsoundArtifactError
from mobilekit.metrics import Tolerance
from mobilekit.parity.whole_model import check_converted, compare
from tests.parity.support import FunctionSession, spec

FEEDS = [{"x": np.arange(6, dtype=np.float32).reshape(2, 3) * (i + 1)} for i in range(4)]
REFERENCE = FunctionSession(lambda feed: feed["x"], name="reference")


def off_by(error, *, at=None):
    """A candidate that adds ``error`` times the range, to every sample or to sample ``at`` only."""
    count = iter(range(100))

    def function(feed):
        wrong = next(count) == at or at is None
        return (feed["x"] + np.float32(error * np.ptp(feed["x"]) * wrong)).astype(np.float32)

    return FunctionSession(function, name="candidate")


def test_identical_outputs_are_null():
    """None in the values, null in the JSON."""
    report = compare(REFERENCE, REFERENCE, FEEDS)
    (output,) = report.outputs
    assert (output.psnr_mean, output.psnr_worst, output.worst_sample) == (None, None, None)
    assert (output.identical, output.samples, report.psnr_worst) == (4, 4, None)
    assert json.loads(json.dumps(report.to_dict()))["outputs"][0]["psnr_db"] == {"mean": None, "worst": None}


def test_mean_and_worst_are_over_samples():
    """Two samples are exact; the third is off by 1 % (40 dB), the others count as nothing."""
    report = compare(REFERENCE, off_by(0.01, at=2), FEEDS)
    (output,) = report.outputs
    assert output.psnr_worst == pytest.approx(40, abs=0.01)
    assert output.psnr_mean == pytest.approx(40, abs=0.01)
    assert (output.worst_sample, output.identical) == (2, 3)
    assert output.max_abs_error == pytest.approx(0.15, rel=1e-4)
    assert (report.reference, report.candidate, report.samples) == ("reference", "candidate", 4)


def test_samples_may_be_a_generator_and_progress_is_told():
    """One sample at a time; the total is 0 where nobody knows it."""
    seen = []
    compare(REFERENCE, REFERENCE, iter(FEEDS), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 0), (2, 0), (3, 0), (4, 0)]
    compare(REFERENCE, REFERENCE, FEEDS[:1], progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (1, 1)


def test_nothing_to_compare_is_an_error():
    """An empty comparison would always pass."""
    with pytest.raises(InputDataError, match="no samples"):
        compare(REFERENCE, REFERENCE, [])


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"outputs": (spec("z"),)}, "output 'y' is missing; output 'z' is not the model's"),
        ({"outputs": (spec("y", 3, 2),)}, r"output 'y': got float32 \[3, 2\], expected float32 \[2, 3\]"),
        ({"outputs": (spec("y", dtype="float16"),)}, "got float16"),
        ({"outputs": (spec("y"), spec("z"))}, "output 'z' is not the model's"),
        ({"inputs": (spec("x", 1, 2, 3),)}, r"input 'x': got float32 \[1, 2, 3\]"),
    ],
)
def test_names_types_and_shapes_must_match_exactly(more, fault):
    """No fuzzy matching: equal sizes or positions do not make two outputs the same."""
    with pytest.raises(ConversionDisagreementError, match=fault):
        compare(REFERENCE, FunctionSession(lambda feed: feed["x"], **more), FEEDS)


def test_open_dimensions_of_the_reference_fit_any_size():
    """Only those: a fixed one next to them is still exact."""
    reference = FunctionSession(
        lambda feed: feed["x"], inputs=(spec("x", -1, 3),), outputs=(spec("y", -1, 3),)
    )
    assert compare(reference, REFERENCE, FEEDS).outputs[0].identical == 4


def test_what_a_session_returns_is_checked_too():
    """A session whose array is not what its spec says."""
    with pytest.raises(ConversionDisagreementError, match=r"got float32 \[3, 2\], expected float32 \[2, 3\]"):
        compare(REFERENCE, FunctionSession(lambda feed: feed["x"].reshape(3, 2)), FEEDS)


def test_a_good_candidate_passes_and_a_bad_one_does_not():
    """On either side of the tolerance; the worst sample decides, not the mean."""
    assert check_converted(REFERENCE, off_by(1e-5), FEEDS, tolerance=Tolerance(psnr=80)).psnr_worst > 80
    with pytest.raises(ConversionDisagreementError, match=r"'y' has 40\.0 dB, expected 80 or more"):
        check_converted(REFERENCE, off_by(0.01, at=3), FEEDS, tolerance=Tolerance(psnr=80))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_is_an_unsound_artifact(value):
    """One element of one sample is enough."""

    def function(feed):
        result = feed["x"].copy()
        if result[0, 1] == 3:
            result[1, 1] = value
        return result

    report = compare(REFERENCE, FunctionSession(function), FEEDS)
    assert report.outputs[0].psnr_worst == -math.inf
    assert report.outputs[0].nan == pytest.approx(1 / 6)
    assert report.to_dict()["outputs"][0]["psnr_db"]["worst"] == "-inf"
    with pytest.raises(UnsoundArtifactError, match=r"NaN or infinite in 16\.67%"):
        check_converted(REFERENCE, FunctionSession(function), FEEDS, tolerance=Tolerance(psnr=20))


def test_nan_that_the_reference_has_too_is_parity():
    """A model that computes NaN is converted as it is."""
    both = FunctionSession(lambda feed: np.where(feed["x"] == 0, np.nan, feed["x"]).astype(np.float32))
    assert check_converted(both, both, FEEDS, tolerance=Tolerance(psnr=80)).outputs[0].nan == 0


def test_constant_outputs_are_flagged():
    """A candidate that ignores its input; a reference that does so too is no news."""
    constant = FunctionSession(lambda feed: np.ones((2, 3), np.float32))
    assert compare(REFERENCE, constant, FEEDS).outputs[0].constant == 4
    assert compare(constant, constant, FEEDS).outputs[0].constant == 0
    with pytest.raises(ConversionDisagreementError, match="it is constant"):
        check_converted(REFERENCE, constant, FEEDS, tolerance=Tolerance(psnr=80))


def test_integer_outputs_are_judged_by_mismatch():
    """One of six labels differs: 17 %, whatever the labels' numbers are."""
    outputs = (spec("y", dtype="int64"),)
    reference = FunctionSession(lambda feed: feed["x"].astype(np.int64), outputs=outputs)

    def function(feed):
        labels = feed["x"].astype(np.int64)
        labels[0, 0] += 1
        return labels

    candidate = FunctionSession(function, outputs=outputs)
    report = check_converted(reference, candidate, FEEDS, tolerance=Tolerance(psnr=80), maximum_mismatch=0.2)
    assert report.outputs[0].mismatch == pytest.approx(1 / 6)
    with pytest.raises(ConversionDisagreementError, match=r"differs in 16\.6667% of its elements"):
        check_converted(reference, candidate, FEEDS, tolerance=Tolerance(psnr=80))


def test_pictures_of_bytes_are_judged_as_pictures():
    """Every byte off by one is a good picture; as labels nothing of it would be right."""
    feeds = [{"x": np.random.default_rng(0).integers(1, 255, (1, 16, 16, 3)).astype(np.uint8)}]
    sides = {name: (spec(name, 1, 16, 16, 3, dtype="uint8"),) for name in ("x", "y")}
    reference, candidate = (
        FunctionSession(lambda feed, n=n: feed["x"] + np.uint8(n), inputs=sides["x"], outputs=sides["y"])
        for n in (0, 1)
    )
    (output,) = compare(reference, candidate, feeds, described={"y": TensorDescription(kind="image")}).outputs
    assert output.mismatch is None
    assert output.psnr_worst is not None
    assert 45 < output.psnr_worst < 49
    assert output.picture is not None
    assert output.picture.delta_e_mean < 1
    (labels,) = compare(reference, candidate, feeds).outputs
    assert labels.mismatch == 1
    assert labels.picture is None
