"""The table of `make accelerators`: what passes, and what is a fault."""

from __future__ import annotations

from tests.accelerators.judged import compiled, on_gpu, on_npu


def _tier(accelerator: str, **changes) -> dict:
    output = {
        "name": "y",
        "psnr_vs_cpu": {"mean": 80.0, "worst": 80.0},
        "psnr_vs_float": {"mean": 39.0, "worst": 39.0},
        "cpu_psnr_vs_float": {"mean": 40.0, "worst": 40.0},
        "mismatch_vs_cpu": None,
        "last_bits": False,
        "nan": 0.0,
        "all_zero": 0,
    }
    entry = {"accelerator": accelerator, "verified": True, "whole": True, "accepted": 7, "operators": 7}
    for name in output.keys() & changes.keys():
        output[name] = changes.pop(name)
    return {"accelerators": [{**entry, "refused": [], "outputs": [output], **changes}]}


def test_what_is_as_it_must_be_has_no_fault() -> None:
    """And its figures are shown."""
    assert on_gpu(_tier("gpu")).shown == "7/7, 80.0 dB"
    assert on_npu(_tier("npu")).shown == "7/7, 39.00 (40.00) dB"
    assert not on_gpu(_tier("gpu")).fault
    assert not on_npu(_tier("npu")).fault


def test_faults_name_operators_and_figures() -> None:
    """Far from the CPU, farther from float than the CPU, refused, broken, not run."""
    low = {"mean": 60.0, "worst": 60.0}
    assert "60.0 dB against the CPU, 70 expected" in on_gpu(_tier("gpu", psnr_vs_cpu=low)).fault
    assert not on_gpu(_tier("gpu", psnr_vs_cpu=low, last_bits=True)).fault
    assert "38.40 dB" in on_npu(_tier("npu", psnr_vs_float={"mean": 38.4, "worst": 38.4})).fault
    refused = [{"kind": "PRELU", "operator": "b", "reason": "no"}]
    assert "refuses PRELU b (no)" in on_gpu(_tier("gpu", whole=False, refused=refused)).fault
    assert "all zero" in on_npu(_tier("npu", all_zero=1)).fault
    assert "NaN" in on_gpu(_tier("gpu", nan=0.1)).fault
    assert on_gpu(_tier("gpu", verified=False, reason="not here")).fault == "GPU: not here"
    assert "0.200% of the elements" in on_gpu(_tier("gpu", mismatch_vs_cpu=0.002)).fault


def test_compiled_files_are_one_partition() -> None:
    """Whole, and not in parts."""
    said = {"soc": "qualcomm:SM8650", "offloaded": 9, "operators": 9, "partitions": 1, "whole": True}
    assert not compiled({"npu_variants": [{**said, "remaining": {}}]}).fault
    parts = {**said, "offloaded": 8, "partitions": 2, "whole": False, "remaining": {"PRELU": 1}}
    assert "2 partitions, left to the CPU: PRELU 1" in compiled({"npu_variants": [parts]}).fault
    assert compiled({}).fault
