"""Published lists: what is in the repository can be read, says where it comes from, and names real operators."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields

import pytest

from mobilekit import resources
from mobilekit.convert.tflite.delegates.published import Listing, lists_for, published_lists, read_list
from mobilekit.convert.tflite.delegates.special import CHECKS
from mobilekit.errors import MobilekitError

EXAMPLE = """
format = "mobilekit-delegate/1"
name = "mine"
title = "Mine"
accelerator = "npu"
takes = "every part"
unlisted = "refused"
[[sources]]
where = "a page"
version = "1"
date = 2026-01-02
[types]
float = ["float32", "float16"]
[defaults]
max_rank = 4
[[operators]]
names = ["ADD", "MUL"]
dtypes = ["float", "int32"]
operand_dtypes.1 = ["float"]
"""


@pytest.mark.parametrize("path", resources.delegate_lists(), ids=lambda path: path.stem)
def test_lists_name_their_sources(path):
    """Every list has at least one source: a place, a version, and a date where the page has one."""
    published = read_list(path)
    assert published.sources
    for source in published.sources:
        assert source.where
        assert source.version
        assert source.date == "not dated" or dt.date.fromisoformat(source.date)
    assert published.cited == f"{published.sources[0].version}, {published.sources[0].date}"


@pytest.mark.parametrize("published", published_lists().values(), ids=lambda each: each.name)
def test_lists_name_operators_of_the_schema(published):
    """A misspelt name would be an operator that is never found."""
    from ai_edge_litert import schema_py_generated as schema

    names = {name for name in vars(schema.BuiltinOperator) if not name.startswith("_")}
    assert set(published.listings) | set(published.refused) <= names
    assert published.listings or published.refused


def test_every_accelerator_of_a_tier_has_a_list():
    """CPU, GPU and NPU; the NPU has several makers."""
    assert [each.name for each in lists_for("cpu")] == ["xnnpack"]
    assert [each.name for each in lists_for("gpu")] == ["gpu"]
    assert {each.name for each in lists_for("npu")} >= {"qualcomm-htp", "mediatek-neuron", "google-tensor"}


def test_every_check_is_asked_for():
    """No function lies about that no list names."""
    named = {
        name for each in published_lists().values() for found in each.listings.values() for listing in found
        for name in listing.checks
    }  # fmt: skip
    assert named == set(CHECKS)


def test_groups_of_types_and_defaults(tmp_path):
    """Names of groups are replaced wherever a list of types stands; defaults hold for every operator."""
    path = tmp_path / "mine.toml"
    path.write_text(EXAMPLE)
    published = read_list(path)
    (add,) = published.listings["ADD"]
    assert add.dtypes == ("float32", "float16", "int32")
    assert add.operand_dtypes == {"1": ("float32", "float16")}
    assert add.max_rank == 4
    assert published.listings["MUL"] == (add,)
    assert published.cited == "1, 2026-01-02"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("dtypes = [", "dtype = [", "dtype"),
        ("max_rank = 4", 'checks = ["nonsense"]', "nonsense"),
        ("mobilekit-delegate/1", "mobilekit-delegate/2", "format"),
        ('unlisted = "refused"', 'unlisted = "refused"\nsecond = 1', "second"),
        ("[[sources]]", "[[origins]]", "sources"),
    ],
)
def test_what_nobody_reads_is_an_error(tmp_path, old, new, named):
    """A constraint that is misspelt must not be dropped in silence."""
    path = tmp_path / "mine.toml"
    path.write_text(EXAMPLE.replace(old, new))
    with pytest.raises(MobilekitError, match=named):
        read_list(path)


def test_every_field_is_used():
    """A field that no list uses would be dead code."""
    used = set()
    for path in resources.delegate_lists():
        text = path.read_text()
        used |= {each.name for each in fields(Listing) if f"{each.name} =" in text or f"{each.name}." in text}
    assert used == {each.name for each in fields(Listing)}
