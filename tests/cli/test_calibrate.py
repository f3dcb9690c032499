"""``mobilekit calibrate``: the table, the files, JSON, shards, and what stops it."""

from __future__ import annotations

import json

import pytest

from mobilekit.artifact import digest_of_path
from tests.pipeline.support import project


@pytest.fixture
def here(tmp_path):
    return project(tmp_path)


def test_table_and_files(cli, here):
    """The table and what to do go to stdout, files with their digests to stderr."""
    done = cli("calibrate", "tiny.onnx", "--photos", "photos", "--out", "cal")
    assert done.returncode == 0, done.stderr
    for text in (
        "dark (Monk 8-10)",
        "too few",
        "no face found",
        "What to do:",
        "about 200 selfies",
        "Ranges:",
    ):
        assert text in done.stdout
    assert "no face was found in 4 of 4 photos" in done.stdout
    assert digest_of_path(here / "cal/statistics.json") in done.stderr
    assert "4 photos from photos" in done.stderr


def test_json(cli, here):
    """--json prints the audit and nothing else."""
    done = cli("calibrate", "--photos", "photos", "--json")
    found = json.loads(done.stdout)
    assert found["audit"]["summary"]["skin_tones"] == {"light": 0, "medium": 0, "dark": 0}
    assert found["samples"] == 4
    assert (here / "calibration/statistics.json").exists()


def test_shards_and_a_file_from_them(cli, here):
    """Shards merge by --merge, convert plans from the result, and from no photo."""
    for name, photos in (("a", "photos/00.png\nphotos/01.png"), ("b", "photos/02.png\nphotos/03.png")):
        (here / f"{name}.txt").write_text(photos)
    assert cli("calibrate", "--photos", "a.txt", "--out", "a").returncode == 0
    assert cli("calibrate", "--photos", "b.txt", "--out", "b", "--like", "a/statistics.json").returncode == 0
    merged = cli("calibrate", "--merge", "a/statistics.json", "b/statistics.json", "--out", "all.json")
    assert merged.returncode == 0, merged.stderr
    assert digest_of_path(here / "all.json") in merged.stderr
    done = cli("convert", "tiny.onnx", "--precision", "int8", "--statistics", "all.json")
    assert done.returncode == 0, done.stderr
    assert (here / "build/plan.json").exists()


def test_mistakes(cli, here):
    """Two models, a merge without a file, statistics that are none: typed errors and no traceback."""
    assert cli("calibrate", "a.onnx", "b.onnx", "--photos", "photos").returncode == 2
    assert cli("calibrate", "--merge", "a.json", "b.json").returncode == 2
    (here / "no.json").write_text("{}")
    done = cli("convert", "tiny.onnx", "--precision", "int8", "--statistics", "no.json")
    assert done.returncode == 42
    assert "Traceback" not in done.stderr
    assert "mobilekit calibrate" in done.stderr
