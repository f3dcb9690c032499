"""The op table: signatures are the ONNX schemas, nothing is dropped, the right version is found."""

from __future__ import annotations

import inspect
from types import ModuleType

import onnx
import pytest
from onnx.defs import OpSchema

from mobilekit.convert.coreml.ops import TABLE as COREML
from mobilekit.convert.optable import Lowering, OpTable, lowers, table_of
from mobilekit.convert.tflite.ops import TABLE
from mobilekit.errors import UnsupportedOperatorError

NEWEST_OPSET = 25
STANDARD = [
    pytest.param(table, e, id=f"{name}-{e.op_type}-{e.since}")
    for name, table in (("tflite", TABLE), ("coreml", COREML))
    for versions in table.lowerings.values()
    for e in versions
    if not e.domain
]


@pytest.mark.parametrize(("table", "entry"), STANDARD)
def test_signature_is_the_schema(table: OpTable, entry: Lowering) -> None:
    """Inputs, attributes and defaults are those of the schema in force at ``since``."""
    schema = onnx.defs.get_schema(entry.op_type, entry.since)
    assert schema.since_version == entry.since
    parameters = list(inspect.signature(entry.function).parameters.values())[1:]
    positional = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
    assert [p.name.lower() for p in positional] == [i.name.lower() for i in schema.inputs]
    for parameter, formal in zip(positional, schema.inputs, strict=True):
        assert (parameter.kind is parameter.VAR_POSITIONAL) == (
            formal.option is OpSchema.FormalParameterOption.Variadic
        )
        assert (parameter.default is None) == (formal.option is OpSchema.FormalParameterOption.Optional)
    keywords = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert keywords.keys() == schema.attributes.keys()
    for name, attribute in schema.attributes.items():
        if attribute.default_value.type:
            expected = onnx.helper.get_attribute_value(attribute.default_value)
            expected = expected.decode() if isinstance(expected, bytes) else expected
            assert keywords[name] == pytest.approx(expected)


@pytest.mark.parametrize(("table", "entry"), STANDARD)
def test_no_later_schema_says_more(table: OpTable, entry: Lowering) -> None:
    """No schema from ``since`` until the next lowering (or the newest opset) has inputs or attributes the function lacks."""
    known = {p.lower() for p in inspect.signature(entry.function).parameters}
    newer = [e.since for e in table.lowerings[(entry.domain, entry.op_type)] if e.since > entry.since]
    for version in range(entry.since, min([NEWEST_OPSET + 1, *newer])):
        schema = onnx.defs.get_schema(entry.op_type, version)
        names = {i.name.lower() for i in schema.inputs} | {a.lower() for a in schema.attributes}
        assert names <= known, (version, names - known)


def test_an_unknown_attribute_is_refused() -> None:
    """An attribute outside the signature is an error that names node and attribute."""
    node = onnx.helper.make_node("Relu", ["x"], ["y"], name="r", surprise=3)
    with pytest.raises(UnsupportedOperatorError, match=r"surprise=3 of Relu.*node r"):
        TABLE.require(node, opset=21).call(None, node)


def test_an_extra_input_is_refused() -> None:
    """More inputs than the signature has are an error, not ignored."""
    node = onnx.helper.make_node("Relu", ["x", "z"], ["y"], name="r")
    with pytest.raises(UnsupportedOperatorError, match="has 2 inputs"):
        TABLE.require(node, opset=21).call(None, node)


def test_an_unknown_operator_is_refused_with_a_remedy() -> None:
    """An operator outside the table is a typed error with the way out."""
    node = onnx.helper.make_node("NonZero", ["x"], ["y"], name="n")
    with pytest.raises(UnsupportedOperatorError, match="NonZero") as caught:
        TABLE.require(node, opset=21)
    assert "--fallback onnx2tf" in caught.value.hint


def test_the_greatest_version_up_to_the_opset_wins() -> None:
    """Of two versions the newer serves from its opset on, the older before it, none before that."""
    module = ModuleType("made")

    def old(emitter: object) -> None:
        """Old."""

    def new(emitter: object) -> None:
        """New."""

    for function in (old, new):
        function.__module__ = "made"
    module.old, module.new = lowers("Op", since=7)(old), lowers("Op", since=13)(new)
    table = table_of([module])
    assert [table.find("Op", opset=v) and table.find("Op", opset=v).since for v in (6, 7, 12, 13, 25)] == [
        None, 7, 7, 13, 13
    ]  # fmt: skip


def test_a_duplicate_is_an_error() -> None:
    """Two lowerings of one operator and version cannot both be in a table."""
    module = ModuleType("made")

    def one(emitter: object) -> None:
        """One."""

    def other(emitter: object) -> None:
        """Other."""

    for function in (one, other):
        function.__module__ = "made"
        setattr(module, function.__name__, lowers("Op", since=7)(function))
    with pytest.raises(ValueError, match="two lowerings for Op"):
        table_of([module])


def test_the_table_is_read_only() -> None:
    """Nobody registers by side effect once the table stands."""
    with pytest.raises(TypeError):
        TABLE.lowerings[("", "New")] = ()  # type: ignore[index]
