"""Values tied by same-scale operators form one class; others stay apart."""

from __future__ import annotations

from mobilekit.convert.tflite.quantisable import Operator
from mobilekit.plan.same_scale import scale_classes


def operator(kind: str, inputs: str, outputs: str, rule: str = "same-scale", constants: str = "") -> Operator:
    """An operator with one-letter values."""
    return Operator(
        name=outputs[0],
        op_type=kind,
        inputs=tuple(inputs),
        constants=tuple(constants),
        outputs=tuple(outputs),
        rule=rule,  # type: ignore[arg-type]
    )


def test_concat_ties_its_inputs_transitively() -> None:
    """Two Concats that share an input are one class; sources are what no tie has made."""
    (one, other) = scale_classes(
        [
            operator("Concat", "ab", "x"),
            operator("MaxPool", "x", "y"),
            operator("Concat", "yc", "z", constants="k"),
            operator("Conv", "z", "w", rule="weights"),
        ]
    )
    assert set(one.values) == set("abcxyz")
    assert set(one.sources) == set("abc")
    assert one.constants == ("k",)
    assert [o.op_type for o in one.operators] == ["Concat", "MaxPool", "Concat"]
    assert other.values == ("w",)


def test_free_operators_tie_nothing() -> None:
    """Add and Conv have a scale for each of their values."""
    classes = scale_classes([operator("Conv", "a", "b", "weights"), operator("Add", "ab", "c", "free")])
    assert [c.values for c in classes] == [("a",), ("b",), ("c",)]


def test_split_ties_all_outputs() -> None:
    """Every part of a Split has its input's scale; the input is the only source."""
    (one,) = scale_classes([operator("Split", "a", "bcd")])
    assert one.sources == ("a",)
    assert set(one.values) == set("abcd")
