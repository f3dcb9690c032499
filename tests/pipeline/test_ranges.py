"""Methods of ranges reach the plan, and cached plans are of their own method."""

from __future__ import annotations

import json

import pytest

import mobilekit
from mobilekit.errors import UsageError
from tests.pipeline.support import INPUTS, write_model, write_photos


@pytest.fixture
def converted(tmp_path):
    """A function that converts the tiny model to int8 and returns its plan."""
    model, photos = write_model(tmp_path), write_photos(tmp_path, count=4)

    def run(**keywords):
        made = mobilekit.convert(
            model,
            precision="int8",
            inputs=INPUTS,
            photos=photos,
            out=tmp_path / "out",
            **{"store": tmp_path / "store", **keywords},
        )
        return json.loads((made.path.parent / "plan.json").read_text())

    return run


def test_methods_reach_the_plan(converted):
    """The plan names its method; another method is another plan, not the one that was kept."""
    assert converted()["method"] == "mse"
    assert converted(percentile=99.0)["method"] == "percentile 99.0"
    assert converted(ranges="percentile")["method"] == "percentile 99.999"
    for method in ("min-max", "mean-extremes", "entropy"):
        assert converted(ranges=method)["method"] == method


def test_symmetric_plans(converted):
    """Every zero point is zero but for the image's, whose scale is that of its declared range."""
    plan = converted(symmetric=True)
    assert plan["method"] == "mse symmetric"
    points = {name: scale["zero_point"] for name, scale in plan["values"].items() if name != "image"}
    assert points
    assert set(points.values()) == {0}
    assert any(scale["zero_point"] for name, scale in converted()["values"].items() if name != "image")


def test_refusals(converted, tmp_path):
    """A method that does not exist, and one that nothing would use, are errors."""
    with pytest.raises(UsageError, match="no range method"):
        converted(ranges="average")
    with pytest.raises(UsageError, match="none is"):
        mobilekit.convert(tmp_path / "tiny.onnx", precision="fp16", ranges="mse", out=tmp_path / "out")
    with pytest.raises(UsageError, match="none is"):
        mobilekit.package(tmp_path / "tiny.onnx", plan="plan.json", symmetric=True, out=tmp_path / "out")


def test_jobs_change_nothing(converted):
    """A plan is the same whether one process or two observed; what is no number of processes is refused."""
    assert converted(ranges="mse", store=None) == converted(ranges="mse", store=None, jobs=2)
    for jobs in (0, 1.5, True):
        with pytest.raises(UsageError, match="jobs is"):
            converted(jobs=jobs)
