"""The committed list of cases: every case of the wheel is run or left out, for a reason that is none of ours."""

import pytest

from tests.conformance import case_list, left_out, wheel
from tests.conformance.operands import data_inputs


def test_the_list_is_what_the_rules_make_of_the_wheel():
    """No case is added, dropped or moved by hand, and ``cases.json`` is generated anew with the wheel."""
    assert case_list.as_text(case_list.from_wheel()) == case_list.FILE.read_text(encoding="utf-8")


def test_every_case_of_the_wheel_is_in_the_list_once():
    """A complete partition: run, or left out with one reason."""
    listed = case_list.committed()
    run = case_list.cases()
    left = [name for names in listed["left_out"].values() for name in names]
    assert sorted(run + left) == wheel.names()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("test_cast_FLOAT_to_FLOAT8E4M3FN", "8-bit and 4-bit floats"),
        ("test_equal_string", "strings"),
        ("test_training_dropout_default", "training mode"),
        ("test_batchnorm_example_training_mode", "training mode"),
        ("test_unique_not_sorted_without_axis", "an output whose shape depends on the data"),
        ("test_cast_FLOAT_to_DOUBLE", None),
        ("test_batchnorm_example", None),
        ("test_add_uint8", None),
        ("test_dropout_default", None),
        ("test_compress_0", None),
        ("test_top_k_uint64", None),
    ],
)
def test_rules(name, reason):
    """What no file can hold is left out; its neighbours are not."""
    assert left_out.reason(name) == reason


@pytest.mark.parametrize(
    ("operator", "count", "data"),
    [
        ("Add", 2, (0, 1)),
        ("Conv", 3, (0,)),
        ("Gather", 2, (0, 1)),
        ("Range", 3, ()),
        ("GRU", 4, (0,)),
        ("GRU", 6, (0, 5)),
    ],
)
def test_data_inputs(operator, count, data):
    """Weights and shapes are constants; both operands of arithmetic are data."""
    assert data_inputs(operator, count) == data


def test_a_written_out_case_has_the_data_of_its_operator():
    """What an operator's definition is given at run time is what the operator is given."""
    plain, written = wheel.load("test_clip_example"), wheel.load("test_clip_example_expanded")
    assert plain.operator == written.operator == "Clip"
    assert list(plain.feed) == list(written.feed) == ["x"]
    assert {tensor.name for tensor in written.model.graph.initializer} >= {"min", "max"}
