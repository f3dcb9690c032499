"""The table's column of integers: what passes, and what is a fault."""

from __future__ import annotations

from mobilekit.parity.integer_operators import Agreement, Compared
from tests.accelerators.integers import judged


def _found(*shares: float) -> Compared:
    made = [
        Agreement(value=f"v{i}", kind="Conv", elements=9, within=w, largest=3) for i, w in enumerate(shares)
    ]
    return Compared(operators=tuple(made), absent=())


def test_operators_within_a_step_have_no_fault() -> None:
    """The worst is shown."""
    found = judged(_found(1.0, 0.9995))
    assert (found.shown, found.fault) == ("2, 99.95%", "")


def test_operators_beyond_and_nothing_to_compare_are_faults() -> None:
    """Each is named; an empty comparison proves nothing."""
    assert judged(_found(1.0, 0.9)).fault == "integers: Conv 'v1': 90.000% within a step, 99.9% expected"
    assert "no integer operator" in judged(_found()).fault
