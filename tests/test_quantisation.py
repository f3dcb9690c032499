"""Plans as text: what was written is read again, what no file could hold is refused."""

import json

import pytest

from mobilekit.errors import PlanError
from mobilekit.quantisation import OperatorPlan, QuantisationPlan, Scale

PLAN = QuantisationPlan(
    graph_digest="0123",
    values={"a": Scale(scale=0.5, zero_point=-128)},
    values_int16={"b": Scale(scale=2.0**-60, zero_point=0)},
    operators={"a": OperatorPlan(precision="int8"), "b": OperatorPlan(precision="int16", reason="why")},
)


def test_what_is_written_is_read():
    assert QuantisationPlan.from_json(PLAN.to_json()) == PLAN


@pytest.mark.parametrize(
    ("table", "value", "key", "wrong", "said"),
    [
        ("values", "a", "scale", 0.0, "a scale is 0.0"),
        ("values", "a", "scale", -1.0, "a scale is -1.0"),
        ("values", "a", "scale", float("nan"), "a scale is nan"),
        ("values", "a", "scale", 1e30, "a scale is 1e"),
        ("values", "a", "scale", "x", "a scale is 'x'"),
        ("values", "a", "zero_point", 300, "a zero point is 300"),
        ("values", "a", "zero_point", 0.5, "a zero point is 0.5"),
        ("values_int16", "b", "zero_point", 1, "a zero point is 1"),
        ("operators", "a", "precision", "int3", "a precision is 'int3'"),
    ],
)
def test_damage_by_hand(table, value, key, wrong, said):
    """Each would be a crash of LiteRT, an error of ours, or an operator that is float without a word."""
    plain = json.loads(PLAN.to_json())
    plain[table][value][key] = wrong
    with pytest.raises(PlanError, match=f"not a quantisation plan of format .*: {said}"):
        QuantisationPlan.from_json(json.dumps(plain))


def test_other_formats_are_named():
    text = PLAN.to_json().replace("mobilekit-plan/3", "mobilekit-plan/9")
    with pytest.raises(PlanError, match="its format is 'mobilekit-plan/9'"):
        QuantisationPlan.from_json(text)
