"""A target file is read whole or refused with file, line and key."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from mobilekit.errors import TargetError, UnknownTierError
from mobilekit.target import AcceleratorBudget, Budget
from mobilekit.target_file import target_from_toml
from mobilekit.tier import DeviceProfile, select

_GOOD = """\
name = "mine"
format = "tflite"
[budgets.int8]
psnr_mean = 30
psnr_worst = 25
[[tiers]]
name = "best"
precision = "int8"
accelerators = ["npu", "cpu"]
next_rungs = ["fp16"]
budget = { psnr_mean = 36.0 }
[[tiers.rules]]
ram_min_bytes = 4_000
socs = [{ manufacturers = ["A"], models = ["B", "C"] }]
[[tiers]]
name = "rest"
precision = "fp16"
size = [192, 256]
model = "small.onnx"
"""


def _file(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_reads_tiers_budgets_and_rules(tmp_path: Path) -> None:
    """Every table ends where it belongs; a tier's own budget overrides the precision's."""
    target = target_from_toml(_file(tmp_path, _GOOD))
    best, rest = target.tiers
    assert [best.name, rest.name] == ["best", "rest"]
    assert best.rules[0].socs[0].models == ("B", "C")
    assert target.budget_of(best, "int8") == Budget(psnr_mean=36.0, psnr_worst=25.0)
    assert target.budget_of(best, "fp16") == Budget()
    assert rest.size == (192, 256)
    assert rest.model == tmp_path / "small.onnx"


def test_accelerators_have_budgets_and_tiers_change_them(tmp_path: Path) -> None:
    """What a tier states counts; whole, where nobody says, is asked of a list that ends there."""
    text = _GOOD.replace("[[tiers]]", "[accelerators.npu]\npsnr_float_loss_max = 1.5\n[[tiers]]", 1)
    text = text.replace("budget =", "accelerator_budgets = { npu = { mismatch_max = 0.5 } }\nbudget =")
    target = target_from_toml(_file(tmp_path, text))
    best, rest = target.tiers
    found = target.accelerator_budget_of(best, "npu")
    assert found == AcceleratorBudget(psnr_float_loss_max=1.5, mismatch_max=0.5, whole=False)
    assert target.accelerator_budget_of(rest, "gpu") == AcceleratorBudget(whole=False)
    alone = target_from_toml(_file(tmp_path, text.replace('["npu", "cpu"]', '["npu"]')))
    assert alone.accelerator_budget_of(alone.tiers[0], "npu").whole is True
    said = text.replace("mismatch_max = 0.5", "whole = true")
    assert target_from_toml(_file(tmp_path, said)).accelerator_budget_of(best, "npu").whole is True


def test_every_figure_can_be_asked_for(tmp_path: Path) -> None:
    """Per precision and per tier, by the names of a Budget."""
    names = [field.name for field in fields(Budget)]
    lines = "\n".join(f"{name} = 0.5" for name in names)
    target = target_from_toml(_file(tmp_path, _GOOD.replace("psnr_mean = 30\npsnr_worst = 25", lines)))
    assert target.budgets["int8"] == Budget(**dict.fromkeys(names, 0.5))
    own = _GOOD.replace("budget = { psnr_mean = 36.0 }", "budget = { delta_e_mean = 1.0 }")
    assert target_from_toml(_file(tmp_path, own)).tier_budgets["best"] == Budget(delta_e_mean=1.0)


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("psnr_worst = 25", "float_share_max = 1.5", ":5: budgets.int8.float_share_max", "a share"),
        ("psnr_worst = 25", "ssim_mean = 95", ":5: budgets.int8.ssim_mean", "a share"),
        ("psnr_worst = 25", "delta_e = 1", ":5: budgets.int8.delta_e", "unknown key"),
        ('precision = "int8"', 'precision = "int9"', ":8: tiers[0].precision", "fp32, fp16, int8"),
        ("ram_min_bytes = 4_000", 'ram_min_bytes = "4 GB"', ":13: tiers[0].rules[0].ram_min_bytes", "int"),
        ("ram_min_bytes = 4_000", "ram_minimum = 4", ":13: tiers[0].rules[0].ram_minimum", "unknown key"),
        ("psnr_worst = 25", "psnr_worst = -1", ":5: budgets.int8.psnr_worst", "at least 0"),
        ('format = "tflite"', 'format = "onnx"', ":2: format", "coreml"),
        ('models = ["B", "C"]', "models = []", ":14: tiers[0].rules[0].socs[0].models", "at least one"),
        ("size = [192, 256]", "size = [192]", ":18: tiers[1].size", "[height, width]"),
        ("size = [192, 256]", "size = [192, true]", ":18: tiers[1].size", "positive integers"),
        ('name = "rest"', 'name = "best"', ":16: tiers[1].name", "earlier tier"),
        ('name = "rest"', 'name = "../rest"', ":16: tiers[1].name", "letters"),
        ("size = [192, 256]", "rules = [{ sdk_min = 3 }]", ":18: tiers[1].rules", "every device"),
        ('next_rungs = ["fp16"]', 'next_rungs = ["fp17"]', ":10: tiers[0].next_rungs", "fp17"),
        ("[budgets.int8]", "[budgets.int9]", ":3: budgets.int9", "unknown key"),
        ("[budgets.int8]", "[accelerators.cpu]\n[budgets.int8]", ":3: accelerators.cpu", "unknown key"),
        (
            "[budgets.int8]",
            "[accelerators.gpu]\nmismatch_max = 2.0\n[budgets.int8]",
            ":4: accelerators.gpu.m",
            "a share",
        ),
        ("budget =", "accelerator_budgets = { gpu = {} }\nbudget =", ":11: tiers[0].accelerator_b", "'gpu'"),
        ('format = "tflite"', "format =", "", "not TOML"),
    ],
)
def test_refuses_with_line_and_key(tmp_path: Path, old: str, new: str, place: str, words: str) -> None:
    """File, line, key, and what was expected."""
    path = _file(tmp_path, _GOOD.replace(old, new))
    with pytest.raises(TargetError) as error:
        target_from_toml(path)
    assert str(path) in error.value.message
    assert place in error.value.message
    assert words in str(error.value)


def test_a_tier_after_one_that_takes_all_is_refused(tmp_path: Path) -> None:
    """It would never be chosen."""
    text = _GOOD + '[[tiers]]\nname = "never"\nprecision = "fp32"\n'
    with pytest.raises(TargetError, match="matches every device"):
        target_from_toml(_file(tmp_path, text))


def test_a_file_that_is_not_there_says_what_a_target_is(tmp_path: Path) -> None:
    """The hint tells names from paths."""
    with pytest.raises(TargetError, match="--target takes"):
        target_from_toml(tmp_path / "nowhere.toml")


def test_binary_files_are_refused(tmp_path: Path) -> None:
    """As what they are: not text."""
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TargetError, match="UTF-8"):
        target_from_toml(path)


def test_unknown_tiers_are_refused_and_known_ones_keep_their_order(tmp_path: Path) -> None:
    """The order of a target is the order of its rules."""
    target = target_from_toml(_file(tmp_path, _GOOD))
    assert [t.name for t in target.chosen(["rest", "best"])] == ["best", "rest"]
    assert target.chosen(None) == target.tiers
    with pytest.raises(UnknownTierError, match="best, rest"):
        target.chosen(["flagship"])


def _with_machines(folder: Path, machines: str) -> Path:
    chips = 'socs = [{ manufacturers = ["A"], models = ["B", "C"] }]'
    return _file(folder, _GOOD.replace(chips, f"machines = [{machines}]"))


def test_machines_of_apple_are_read(tmp_path: Path) -> None:
    """A range of hw.machine identifiers is a predicate of a rule."""
    target = target_from_toml(_with_machines(tmp_path, '{ first = "iPhone9,1", last = "iPhone16,2" }'))
    for machine, tier in (("iPhone10,6", "best"), ("iPhone16,3", "rest"), ("iPhone9,0", "rest")):
        assert select(target.tiers, DeviceProfile(ram_bytes=4_000, machine=machine)).name == tier


@pytest.mark.parametrize(
    ("machines", "words"),
    [
        ('{ first = "iPhone 16 Pro" }', "expected an identifier such as iPhone16,1"),
        ('{ first = "iPhone16,1", last = "A18" }', "expected an identifier such as iPhone16,1"),
        ('{ first = "iPhone16,1", last = "iPhone9,4" }', "no machine is between"),
        ('{ first = "iPhone13,1", last = "iPad14,1" }', "no machine is between"),
        ('{ last = "iPhone16,1" }', "first"),
        ('{ first = "iPhone16,1", chip = "A17" }', "chip"),
    ],
)
def test_machines_that_match_nothing_are_refused(tmp_path: Path, machines: str, words: str) -> None:
    """A range that no device can be in is a mistake in the file, not a rule."""
    with pytest.raises(TargetError, match=words):
        target_from_toml(_with_machines(tmp_path, machines))
