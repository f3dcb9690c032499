"""What becomes int8 and what stays float, each with its reason."""

from __future__ import annotations

from mobilekit.convert.tflite.quantisable import Operator
from mobilekit.plan.precision import FLOAT_DATA, NORM, NOT_READ, PREPROCESSING, PRODUCT, decide

KINDS = {
    "Conv": "weights",
    "Pad": "same-scale",
    "Concat": "same-scale",
    "Add": "free",
    "Relu": "free",
    "Sigmoid": "fixed",
    "Normalize": None,
    "Exp": None,
    "MatMul": None,
}


def chain(*steps: tuple[str, str, str], denied: dict[str, str] | None = None) -> dict[str, str]:
    """The reason per operator ("int8" if it is that), from (kind, inputs, output) of one-letter values."""
    operators = [
        Operator(
            name=output,
            op_type=kind,
            inputs=tuple(inputs),
            constants=(),
            outputs=(output,),
            rule=KINDS[kind],  # type: ignore[arg-type]
        )
        for kind, inputs, output in steps
    ]
    plans = decide(operators, denied=denied)
    return {name: plan.reason if plan.precision == "float" else "int8" for name, plan in plans.items()}


def test_between_convolutions_all_is_int8() -> None:
    """Activations, sums and joins between convolutions stay int8."""
    found = chain(
        ("Conv", "x", "a"), ("Relu", "a", "b"), ("Sigmoid", "a", "c"), ("Add", "bc", "d"),
        ("Concat", "da", "e"), ("Conv", "e", "f"),
    )  # fmt: skip
    assert set(found.values()) == {"int8"}


def test_tail_stays_float() -> None:
    """Behind the last convolution nothing is quantised but its own result."""
    found = chain(("Conv", "x", "a"), ("Concat", "a", "b"), ("Sigmoid", "b", "c"), ("Exp", "c", "d"))
    assert found == {"a": "int8", "b": NOT_READ, "c": NOT_READ, "d": "no 8-bit kernel for Exp"}


def test_norms_stay_float_and_pads_after_them_do_not() -> None:
    """Data is quantised before it is padded, not after: a quarter of the bytes move."""
    found = chain(("Conv", "x", "a"), ("Normalize", "a", "b"), ("Pad", "b", "c"), ("Conv", "c", "d"))
    assert found == {"a": "int8", "b": NORM, "c": "int8", "d": "int8"}


def test_pad_that_also_feeds_a_norm_is_not_quantised_first() -> None:
    """Float data that a float operator reads too stays float until the convolution."""
    found = chain(
        ("Conv", "x", "a"), ("Normalize", "a", "b"), ("Pad", "b", "c"), ("Conv", "c", "d"), ("Exp", "c", "e")
    )
    assert found["c"] == FLOAT_DATA


def test_no_islands() -> None:
    """A sum of float values is float even if a convolution reads it; a chain of such falls together."""
    found = chain(
        ("Conv", "x", "a"),
        ("Normalize", "a", "b"),
        ("Add", "ab", "c"),
        ("Relu", "c", "d"),
        ("Conv", "d", "e"),
    )
    assert found == {"a": "int8", "b": NORM, "c": FLOAT_DATA, "d": FLOAT_DATA, "e": "int8"}


def test_preprocessing_stays_float() -> None:
    """Arithmetic on inputs alone would round twice; moving an input would not."""
    found = chain(("Add", "x", "a"), ("Conv", "a", "b"), ("Pad", "x", "c"), ("Conv", "c", "d"))
    assert found == {"a": PREPROCESSING, "b": "int8", "c": "int8", "d": "int8"}


def test_attention_product_stays_float() -> None:
    """A product of two computed matrices has its own reason."""
    assert chain(("Conv", "x", "a"), ("MatMul", "aa", "b"))["b"] == PRODUCT


def test_denied_operators_take_their_reason_and_their_followers_along() -> None:
    """A convolution can be denied; what only fed it is float then."""
    steps = (("Conv", "x", "a"), ("Relu", "a", "b"), ("Conv", "b", "c"))
    assert set(chain(*steps).values()) == {"int8"}
    assert chain(*steps, denied={"c": "too hot"}) == {"a": "int8", "b": NOT_READ, "c": "too hot"}


def test_what_weights_made_is_joined_as_bytes() -> None:
    """A Concat of int8 results moves a quarter of the bytes, whoever reads it; of others it stays float."""
    convolutions = (("Conv", "x", "a"), ("Conv", "x", "b"))
    assert chain(*convolutions, ("Concat", "ab", "c"), ("Exp", "c", "d"))["c"] == "int8"
    assert chain(*convolutions, ("Exp", "b", "e"), ("Concat", "ae", "c"), ("Exp", "c", "d"))["c"] == NOT_READ
    assert chain(*convolutions, ("Concat", "ab", "c"))["c"] == NOT_READ
    denied = chain(*convolutions, ("Concat", "ab", "c"), ("Exp", "c", "d"), denied={"b": "too hot"})
    assert denied["c"] == NOT_READ
