"""A program evaluated op by op on a feed of MIL names.

``precision`` says what is rounded: "stored" what the program declares fp16 (computed in float32 from
fp16 operands, rounded once at the end of each op), "float16" every float, "float32" nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mobilekit.errors import InputDataError, MobilekitError, UnsoundArtifactError, UnsupportedOperatorError
from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.check import check_value, fits
from mobilekit.runtimes.mil_reference.half import rounded_to_half
from mobilekit.runtimes.mil_reference.program import Block, Constant, Function, Operation, Program
from mobilekit.runtimes.mil_reference.readers import last_readers
from mobilekit.runtimes.mil_reference.registry import Entry, lookup
from mobilekit.runtimes.mil_reference.state import State
from mobilekit.runtimes.mil_reference.types import FLOATS, StateType, TensorType, ValueType, carrier

if TYPE_CHECKING:
    from mobilekit.tensors import Array

Precision = Literal["stored", "float32", "float16"]


def evaluate(
    program: Program,
    feed: Mapping[str, Array],
    *,
    precision: Precision = "stored",
    taps: Sequence[str] = (),
    states: MutableMapping[str, Array] | None = None,
    function: str | None = None,
) -> dict[str, Any]:
    """Outputs and tapped values by MIL name, in their declared types. See :class:`Evaluator`."""
    return Evaluator(program, precision=precision, function=function).run(feed, taps=taps, states=states)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """An operation, how it is evaluated, and what nobody reads after it."""

    operation: Operation
    entry: Entry
    frees: tuple[str, ...]
    blocks: tuple[tuple[_Step, ...], ...]


class Evaluator:
    """One function of a program, prepared: constants in place, every op looked up.

    Raises UnsupportedOperatorError, before anything runs, listing every op that is not known.
    """

    def __init__(
        self, program: Program, *, precision: Precision = "stored", function: str | None = None
    ) -> None:
        name = program.default if function is None else function
        if name not in program.functions:
            message = f"the program has no function {name!r}, only {', '.join(sorted(program.functions))}"
            raise InputDataError(message)
        self.program = program
        self._precision: Precision = precision
        self._function: Function = program.functions[name]
        self._constants: dict[str, Any] = {}
        self._types: dict[str, ValueType] = dict(self._function.inputs)
        self._refuse_unknown()
        self._steps = self._prepared(self._function.block)

    @property
    def types(self) -> Mapping[str, ValueType]:
        """Every value that can be tapped, with its declared type."""
        return self._types

    def run(
        self,
        feed: Mapping[str, Array],
        *,
        taps: Sequence[str] = (),
        states: MutableMapping[str, Array] | None = None,
    ) -> dict[str, Any]:
        """Outputs and tapped values by MIL name; ``states`` (zeros where absent) are changed in place.

        Raises InputDataError for a feed that is not what the function takes, UnsupportedOperatorError for
        a parameter that cannot be honoured, UnsoundArtifactError for a result of another type than declared.
        """
        if unknown := sorted(set(taps) - self._types.keys()):
            message = f"the program has no values {', '.join(unknown)}"
            raise InputDataError(message)
        environment = dict(self._constants)
        held = {} if states is None else states
        environment.update(self._inputs(feed, held))
        wanted = (*self._function.block.outputs, *taps)
        tapped: dict[str, Any] = {}
        with np.errstate(all="ignore"):
            self._run_steps(self._steps, environment, frozenset(wanted), tapped)
        found = {**{name: environment[name] for name in wanted if name in environment}, **tapped}
        if missing := sorted(set(wanted) - found.keys()):
            message = f"{', '.join(missing)}: not computed, the block around it did not run"
            raise InputDataError(message, hint="tap values outside of conditional blocks")
        return {name: _declared(found[name], self._types[name]) for name in wanted}

    def _inputs(self, feed: Mapping[str, Array], states: MutableMapping[str, Array]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, declared in self._function.inputs:
            if isinstance(declared, StateType):
                found[name] = State(name=name, type=declared.wrapped, values=states)
                continue
            if name not in feed:
                message = f"input {name!r} is missing, expected {declared}"
                raise InputDataError(message)
            found[name] = self._rounded(_fed(name, feed[name], declared), declared)
        if extra := sorted(set(feed) - found.keys()):
            message = f"the program has no inputs {', '.join(extra)}"
            raise InputDataError(message)
        return found

    def _refuse_unknown(self) -> None:
        opset = self._function.opset
        unknown = sorted(
            {
                operation.type
                for operation in _all_operations(self._function.block)
                if operation.type != "const" and lookup(operation.type, opset) is None
            }
        )
        if unknown:
            message = f"the MIL reference evaluator has no op {', '.join(unknown)} of opset iOS{opset}"
            lines = tuple(f"{op} (opset iOS{opset})" for op in unknown)
            raise UnsupportedOperatorError(
                message, hint="Core ML on macOS can execute the package", refusals=lines
            )

    def _prepared(self, block: Block) -> tuple[_Step, ...]:
        """The block's steps; constants, and what decompresses them, are evaluated here, once."""
        frees = last_readers(block)
        steps = []
        for index, operation in enumerate(block.operations):
            self._types.update(operation.outputs)
            if operation.type == "const":
                self._constant(operation)
                continue
            entry = lookup(operation.type, self._function.opset)
            assert entry is not None
            blocks = tuple(self._nested(b) for b in operation.blocks)
            step = _Step(operation=operation, entry=entry, frees=frees[index], blocks=blocks)
            if operation.type.startswith("constexpr_"):
                with np.errstate(all="ignore"):
                    self._run_step(step, self._constants, {})
            else:
                steps.append(step)
        return tuple(steps)

    def _nested(self, block: Block) -> tuple[_Step, ...]:
        self._types.update(block.inputs)
        return self._prepared(block)

    def _constant(self, operation: Operation) -> None:
        (name, declared) = operation.outputs[0]
        self._constants[name] = self._carried(operation.attributes["val"], declared)

    def _carried(self, constant: Constant, declared: ValueType | None = None) -> Any:
        """A constant as ops get it: fp16 as float32."""
        value = constant.value
        if not isinstance(value, np.ndarray) or value.dtype == object:
            return value
        if value.dtype == np.float16:
            return value.astype(np.float32)
        if self._precision == "float16" and value.dtype == np.float32:
            return rounded_to_half(value)
        if declared is not None:
            check_value(value, declared, name="value", where="const")
        return value

    def _run_steps(
        self,
        steps: Iterable[_Step],
        environment: dict[str, Any],
        kept: frozenset[str],
        tapped: dict[str, Any],
    ) -> None:
        for step in steps:
            self._run_step(step, environment, tapped, kept)
            for name in step.frees:
                if name not in kept and name not in self._constants:
                    environment.pop(name, None)

    def _run_step(
        self,
        step: _Step,
        environment: dict[str, Any],
        tapped: dict[str, Any],
        kept: frozenset[str] = frozenset(),
    ) -> None:
        operation = step.operation
        values = {key: self._bound(given, environment) for key, given in operation.inputs.items()}
        values |= {key: self._carried(constant) for key, constant in operation.attributes.items()}

        def run_block(index: int, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
            block = operation.blocks[index]
            inner = {**environment, **dict(zip((n for n, _ in block.inputs), arguments, strict=True))}
            self._run_steps(step.blocks[index], inner, kept | set(block.outputs), tapped)
            tapped.update({name: inner[name] for name in kept & (inner.keys() - environment.keys())})
            return tuple(inner[name] for name in block.outputs)

        call = Call(operation, values, self._function.opset, run_block)
        results = _called(step.entry, call, operation)
        for (name, declared), value in zip(operation.outputs, results, strict=True):
            if isinstance(value, np.generic):
                value = np.asarray(value)
            check_value(value, declared, name=name, where=operation.type)
            environment[name] = self._settled(value, declared, step.entry)

    def _bound(self, given: tuple[str | Constant, ...], environment: Mapping[str, Any]) -> Any:
        values = tuple(self._carried(g) if isinstance(g, Constant) else environment[g] for g in given)
        return values[0] if len(values) == 1 else values

    def _settled(self, value: Any, declared: ValueType, entry: Entry) -> Any:
        return value if entry.exact else self._rounded(value, declared)

    def _rounded(self, value: Any, declared: ValueType) -> Any:
        if self._precision == "float32" or not isinstance(declared, TensorType):
            return value
        rounds = declared.dtype == "fp16" or (self._precision == "float16" and declared.dtype in FLOATS)
        return rounded_to_half(value) if rounds else value


def _all_operations(block: Block) -> Iterable[Operation]:
    for operation in block.operations:
        yield operation
        for nested in operation.blocks:
            yield from _all_operations(nested)


def _called(entry: Entry, call: Call, operation: Operation) -> tuple[Any, ...]:
    """The op's results. Raises UnsupportedOperatorError for a parameter that the function never asked for."""
    try:
        result = entry.kernel(call)
    except MobilekitError:
        raise
    except (ValueError, IndexError, TypeError, KeyError, ArithmeticError, AssertionError) as error:
        message = f"{operation.where}: cannot be evaluated: {error}"
        raise UnsoundArtifactError(message) from error
    if call.unread:
        call.refuse(f"parameters {', '.join(call.unread)} are not known to this op")
    results = result if isinstance(result, tuple) else (result,)
    if len(results) != len(operation.outputs):
        message = f"{operation.where}: {len(results)} results, {len(operation.outputs)} are declared"
        raise UnsoundArtifactError(message)
    return results


def _fed(name: str, value: Array, declared: ValueType) -> Array:
    """A feed as ops get it. Floats may come in either width; a vector of one element stands for a scalar."""
    assert isinstance(declared, TensorType)
    value = np.asarray(value)
    if declared.shape == () and value.size == 1:
        value = value.reshape(())
    wanted = np.dtype(carrier(declared.dtype))
    if not fits(value.shape, declared.shape) or wanted.kind not in (value.dtype.kind, "b"):
        message = f"input {name!r}: got {value.dtype} {list(value.shape)}, expected {declared}"
        raise InputDataError(message)
    return value.astype(wanted, copy=False)


def _declared(value: Any, declared: ValueType) -> Any:
    """A value as the program declares it: fp16 as float16."""
    if isinstance(declared, TensorType) and declared.dtype == "fp16" and isinstance(value, np.ndarray):
        return value.astype(np.float16)
    return value
