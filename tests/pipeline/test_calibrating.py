"""``calibrate``: statistics that plan what the photos plan, an audit, a list of photos; merged, refused."""

from __future__ import annotations

import json

import pytest

import mobilekit
from mobilekit.artifact import digest_of_path
from mobilekit.errors import InputDataError, MissingPhotosError, OutputError, PlanError, UsageError
from mobilekit.pipeline import calibrate, convert, merge_statistics, package
from tests.pipeline.support import project, tiny_model, write_model, write_photos, write_target


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a model, its description and photos."""
    monkeypatch.chdir(tmp_path)
    project(tmp_path)
    return tmp_path


def _calibrate(**keywords):
    return calibrate("tiny.onnx", **{"photos": "photos", "out": "cal", "store": "store", **keywords})


def _list(here, name: str, photos: list[str]) -> str:
    (here / name).write_text("\n".join(f"photos/{photo}" for photo in photos))
    return name


def _plan(**keywords) -> dict:
    artifact = convert("tiny.onnx", precision="int8", store="store", **keywords)
    return json.loads((artifact.path.parent / "plan.json").read_text())


def test_a_plan_from_statistics_is_the_one_from_the_same_photos(here):
    """Convert calibrates with the even photos: statistics of those give its plan again, w8a16's too."""
    _calibrate(photos=_list(here, "even.txt", ["00.png", "02.png"]))
    kept = "cal/statistics.json"
    assert _plan(photos="photos", out="a") == _plan(statistics=kept, out="b")
    files = [
        convert("tiny.onnx", precision="w8a16", store="store", out=out, **given)
        for out, given in (("c", {"photos": "photos"}), ("d", {"statistics": kept}))
    ]
    assert files[0].digest == files[1].digest


def test_without_photos_the_file_is_verified_on_made_up_inputs(here):
    """Statistics are enough to write an int8 file; its warnings say what nobody could check."""
    _calibrate()
    artifact = convert("tiny.onnx", precision="int8", statistics="cal/statistics.json", out="b")
    assert any("synthetic inputs" in warning for warning in artifact.meta["warnings"])


def test_photos_that_calibrated_are_not_scored_unsaid(here):
    """All four photos are in the statistics, two of them are scored: the warnings count them."""
    _calibrate()
    given = {"precision": "int8", "photos": "photos", "statistics": "cal/statistics.json"}
    both = convert("tiny.onnx", out="b", **given)
    assert "2 of 2 scored photos are in the statistics too" in both.meta["warnings"]
    _calibrate(photos=_list(here, "even.txt", ["00.png", "02.png"]))
    apart = convert("tiny.onnx", out="b", **given)
    assert not any("statistics" in warning for warning in apart.meta["warnings"])


def test_package_plans_from_statistics(here):
    """The int8 tier is built from them; photos that calibrate are in the report, these are not."""
    write_target(here)
    _calibrate(shapes={"image": (1, 3, 16, 16)})
    given = {"target": "mine.toml", "tiers": ["best"], "store": "store", "photos": "photos"}
    assert package(**given).photos["photos"] == 4
    report = json.loads((here / "dist/mine/report.json").read_text())
    assert report["photos"]["without_face"] == 4
    assert package(**given, statistics="cal/statistics.json").photos is None
    assert "photos" not in json.loads((here / "dist/mine/report.json").read_text())


def test_what_is_written(here):
    """Three files, listed with their digests; photos.toml names the photos again; JSON has it all."""
    result = _calibrate()
    names = sorted(path.name for path in (here / "cal").iterdir())
    assert names == ["audit.json", "photos.toml", "statistics.json"]
    assert [file.digest for file in result.files] == [digest_of_path(file.path) for file in result.files]
    assert digest_of_path(here / "photos/00.png") in (here / "cal/photos.toml").read_text()
    _calibrate(photos="cal/photos.toml", out="again")
    kept = [json.loads((here / out / "statistics.json").read_text()) for out in ("cal", "again")]
    assert kept[0]["values"] == kept[1]["values"]
    audit = json.loads((here / "cal/audit.json").read_text())
    assert audit["summary"]["photos"] == 4
    assert audit["stability"]["values"] > 0
    assert json.loads(json.dumps(result.to_dict()))["audit"] == audit


def test_it_is_the_same_again_and_kept(here):
    """The same bytes from another store; from the same one nothing is computed again."""
    steps: list[str] = []
    first = _calibrate()
    again = _calibrate(out="other", progress=lambda step, *_: steps.append(step))
    fresh = _calibrate(out="third", store="fresh")
    digests = [[file.digest for file in result.files] for result in (first, again, fresh)]
    assert digests[0] == digests[1] == digests[2]
    assert "calibrate" not in steps
    assert "audit photos" not in steps


def test_shards_merge_to_all_photos(here):
    """Two shards, the second like the first, are the statistics of all: byte for byte."""
    shards = [_list(here, "a.txt", ["00.png", "02.png"]), _list(here, "b.txt", ["01.png", "03.png"])]
    _calibrate(photos=shards[0], out="a")
    _calibrate(photos=shards[1], out="b", like="a/statistics.json")
    merged = merge_statistics(["a/statistics.json", "b/statistics.json"], out="all.json")
    _calibrate(
        photos=_list(here, "all.txt", ["00.png", "01.png", "02.png", "03.png"]),
        out="c",
        like="a/statistics.json",
    )
    assert merged.digest == digest_of_path(here / "c/statistics.json")


def test_merging_what_does_not_belong_together(here):
    """The same photos twice, another model's statistics, one file, a damaged one: each its own error."""
    _calibrate(out="a")
    with pytest.raises(InputDataError, match="count twice"):
        merge_statistics(["a/statistics.json", "a/statistics.json"], out="all.json")
    write_model(here, tiny_model(seed=1))
    _calibrate(out="b")
    with pytest.raises(PlanError, match="two graphs"):
        merge_statistics(["a/statistics.json", "b/statistics.json"], out="all.json")
    with pytest.raises(UsageError, match="at least 2"):
        merge_statistics(["a/statistics.json"], out="all.json")
    with pytest.raises(InputDataError, match="audit"):
        merge_statistics(["a/statistics.json", "a/audit.json"], out="all.json")
    assert not (here / "all.json").exists()


def test_statistics_of_another_graph_are_refused(here):
    """By convert, and by calibrate where they are to be merged with: nothing is written."""
    _calibrate()
    write_model(here, tiny_model(seed=1))
    with pytest.raises(PlanError, match="statistics of another graph"):
        convert("tiny.onnx", precision="int8", statistics="cal/statistics.json", out="b")
    with pytest.raises(PlanError, match="another graph"):
        _calibrate(out="c", like="cal/statistics.json")
    assert not list((here / "b").glob("*.tflite"))


def test_statistics_where_none_belong(here):
    """With a plan, or a precision that is not planned, they are a mistake; a missing file is one too."""
    _calibrate()
    kept = "cal/statistics.json"
    with pytest.raises(UsageError, match="a plan and statistics"):
        convert("tiny.onnx", precision="int8", statistics=kept, plan="plan.json")
    with pytest.raises(UsageError, match="precision int8 or w8a16"):
        convert("tiny.onnx", precision="fp16", statistics=kept)
    with pytest.raises(InputDataError, match="nowhere"):
        convert("tiny.onnx", precision="int8", statistics="nowhere.json")


def test_ranges_by_extremes_need_extremes(here):
    """Statistics with every photo's extremes serve min-max."""
    _calibrate(ranges="min-max")
    given = {"statistics": "cal/statistics.json", "ranges": "min-max"}
    whole = _plan(out="b", **given)
    assert whole["method"].startswith("min-max")


def test_nothing_to_calibrate_with(here):
    """Without photos there is no default; the message has the command that works."""
    with pytest.raises(MissingPhotosError) as caught:
        _calibrate(photos=None)
    assert "--photos" in caught.value.hint


def test_an_output_that_cannot_be_is_refused_first(here):
    """A file in the way of the folder is found before anything is computed."""
    (here / "cal").write_text("")
    with pytest.raises(OutputError):
        _calibrate()


def test_feeds_calibrate_without_an_audit(here):
    """Ready-made feeds have no photos to audit; their statistics are as good."""
    import numpy as np

    feeds = [{"image": np.random.default_rng(i).random((1, 3, 16, 16)).astype(np.float32)} for i in range(3)]
    result = mobilekit.calibrate("tiny.onnx", samples=feeds, out="cal", store="store")
    assert result.audit is None
    assert sorted(path.name for path in (here / "cal").iterdir()) == ["audit.json", "statistics.json"]
    assert _plan(statistics="cal/statistics.json", out="b")["values"]


def test_one_photo_has_no_halves(here):
    """It calibrates, and the stability is said to be unknown."""
    write_photos(here / "photos")  # a folder inside is not looked into
    result = _calibrate(photos="photos/00.png")
    assert result.stability.verdict == "unknown"
    assert result.samples == 1
