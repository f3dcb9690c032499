"""The staged check: what each gate says, and the warning of a gate that explains the rest."""

from __future__ import annotations

from mobilekit.pipeline.gates import gate_warnings


def gate(name: str, *reasons: str) -> dict:
    """A gate as in the report."""
    return {
        "gate": name,
        "passed": not reasons,
        "samples": 2,
        "psnr_worst_db": 30.0,
        "reasons": list(reasons),
    }


def test_a_failed_gate_of_halves_is_a_warning() -> None:
    """What half-precision weights lose is said: int8 is not to blame for it."""
    gates = [gate("fp32"), gate("fp16", "output y: PSNR mean is 40.0 dB, budget 50 dB"), gate("w8a8-static")]
    assert gate_warnings(gates) == [
        "half-precision weights alone are outside their budget: output y: PSNR mean is 40.0 dB, budget 50 dB"
    ]


def test_passed_gates_warn_of_nothing() -> None:
    """Nor does a refused rung: it has a warning of its own."""
    assert gate_warnings([gate("fp32"), gate("fp16"), gate("w8a8-static", "output y: …")]) == []
