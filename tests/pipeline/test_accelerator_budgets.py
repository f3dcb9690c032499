"""An accelerator's figures against a target's budget for it, without a model."""

from __future__ import annotations

import pytest

from mobilekit.errors import BudgetError
from mobilekit.pipeline.accelerator_budgets import judge, refused_words
from mobilekit.target import AcceleratorBudget, Budget, Target
from mobilekit.tier import Tier

TIER = Tier(name="best", precision="int8", accelerators=("npu", "cpu"))


def _target(**budget) -> Target:
    return Target(
        name="mine", format="tflite", tiers=(TIER,), accelerators={"npu": AcceleratorBudget(**budget)}
    )


def _output(*, cpu: float | None = 50.0, model: float | None = 40.0, model_cpu: float | None = 40.5, **rest):
    figures = {"psnr_vs_cpu": cpu, "psnr_vs_float": model, "cpu_psnr_vs_float": model_cpu}
    said = {"name": "y", "mismatch_vs_cpu": None, "last_bits": False, "nan": 0.0, "all_zero": 0}
    return {**said, **{name: {"mean": dB, "worst": dB} for name, dB in figures.items()}, **rest}


def _entry(*outputs, **rest):
    said = {
        "accelerator": "npu",
        "verified": True,
        "adapter": "HTP",
        "whole": True,
        "operators": 9,
        "accepted": 9,
    }
    return {**said, "refused": [], "outputs": outputs or [_output()], **rest}


def _faults(entry, precision: str = "int8", variants=(), **budget) -> str:
    with pytest.raises(BudgetError) as caught:
        judge(_target(**budget), TIER, {"precision": precision, "npu_variants": variants}, entry)
    return caught.value.message


def _passes(entry, precision: str = "int8", **budget) -> list[str]:
    return judge(_target(**budget), TIER, {"precision": precision}, entry)


def test_integers_are_judged_by_what_they_lose_to_the_float_model() -> None:
    """Not by how near the CPU's roundings they are; above 60 dB nothing is lost that anybody sees."""
    assert _passes(_entry(_output(cpu=20.0)), psnr_float_loss_max=1.5, psnr_cpu_min=60.0) == []
    assert "37.0 dB against the float model, 40.5 on the CPU" in _faults(
        _entry(_output(model=37.0)), psnr_float_loss_max=1.5
    )
    assert _passes(_entry(_output(model=61.0, model_cpu=None)), psnr_float_loss_max=1.5) == []
    assert "50.0 dB" in _faults(_entry(_output(model=50.0, model_cpu=None)), psnr_float_loss_max=1.5)


def test_floats_are_judged_by_the_cpu() -> None:
    """But for differences of a few roundings, and where nothing differs."""
    assert "59.9 dB against the CPU, 60 expected" in _faults(
        _entry(_output(cpu=59.9)), "fp16", psnr_cpu_min=60.0
    )
    assert _passes(_entry(_output(cpu=59.9, last_bits=True)), "fp16", psnr_cpu_min=60.0) == []
    assert _passes(_entry(_output(cpu=None)), "fp32", psnr_cpu_min=60.0) == []
    assert _passes(_entry(_output(cpu=3.0)), "fp32") == []


def test_integer_outputs_are_judged_by_elements() -> None:
    """Whatever the file's precision."""
    assert "25.00% of it differs" in _faults(_entry(_output(mismatch_vs_cpu=0.25)), mismatch_max=0.1)
    assert _passes(_entry(_output(mismatch_vs_cpu=0.25)), mismatch_max=0.3) == []


def test_nan_and_zeros_fail_without_any_budget() -> None:
    """Every output at fault is named."""
    message = _faults(_entry(_output(nan=0.5), _output(all_zero=1, name="z")))
    assert "output y: NaN or infinite in 50.00%" in message
    assert "output z: all zero" in message


def test_operators_left_behind_are_warned_about_or_fail() -> None:
    """By the budget; compiled files count for the NPU's."""
    refused = [{"operator": f"o{i}", "kind": "TOPK_V2", "reason": "no"} for i in range(7)]
    entry = _entry(whole=False, accepted=2, refused=refused)
    (warning,) = _passes(entry)
    assert "it runs 2 of 9 operators, it refuses TOPK_V2 'o0' (no)" in warning
    assert warning.endswith("the rest is for the next accelerator")
    assert refused_words(entry).endswith("and 2 more")
    assert "all of them expected" in _faults(entry, whole=True)
    part = {
        "soc": "qualcomm:SM8650",
        "whole": False,
        "offloaded": 3,
        "operators": 4,
        "remaining": {"PRELU": 1},
    }
    assert "qualcomm:SM8650 takes 3 of 4 operators, not PRELU 1" in _faults(
        _entry(), variants=[part], whole=True
    )
    assert judge(_target(), TIER, {"precision": "int8", "npu_variants": [part]}, _entry()) == []


def test_what_was_not_run_is_no_fault() -> None:
    """Absent or too slow says nothing about the file; refused altogether does."""
    absent = {"accelerator": "npu", "verified": False, "reason": "not installed"}
    assert _passes(absent, whole=True) == []
    refused = {**absent, "refused": True, "reason": "it takes nothing"}
    (warning,) = _passes({**refused, "reason": "it takes nothing."})
    assert warning == "tier best, npu: it takes nothing; the file is for the next accelerator of its tier"
    assert "it takes nothing" in _faults(refused, whole=True)


def _told(**rest) -> list[str]:
    target = Target(
        name="mine",
        format="tflite",
        tiers=(TIER,),
        budgets={"fp16": Budget(psnr_worst=45.0)},
        accelerators={},
    )
    output = {"cpu": 37.5, "model": 37.5, "model_cpu": 133.5, **rest}
    precision = output.pop("precision", "fp16")
    return judge(target, TIER, {"precision": precision}, _entry(_output(**output)))


def test_a_float_file_that_is_worse_than_its_tier_asks_is_said() -> None:
    """Without psnr_cpu_min nothing fails, and nothing is silent."""
    (line,) = _told()
    assert line.startswith(
        "tier best, npu (HTP): output y: 37.5 dB against the float model, 133.5 on the CPU"
    )
    assert "asked for 45" in line
    assert "[accelerators.npu]" in line


@pytest.mark.parametrize(
    "said",
    [{"model": 45.0}, {"model_cpu": 44.0}, {"last_bits": True}, {"precision": "int8"}, {"model": None}],
    ids=["enough", "the CPU is no better", "roundings alone", "integers", "equal"],
)
def test_and_nothing_is_said_otherwise(said) -> None:
    """Where it is enough, where the CPU is no better, of files with integers."""
    assert _told(**said) == []


def test_the_hint_is_about_the_fault() -> None:
    """Parts are offered where all operators were asked for."""
    partly = _entry(_output(mismatch_vs_cpu=1.0), whole=False, accepted=8)
    with pytest.raises(BudgetError) as caught:
        judge(_target(mismatch_max=0.1), TIER, {"precision": "int8"}, partly)
    assert "whole" not in caught.value.hint
    with pytest.raises(BudgetError) as caught:
        judge(_target(whole=True), TIER, {"precision": "int8"}, partly)
    assert "accelerator_budgets = { npu = { whole = false } }" in caught.value.hint
