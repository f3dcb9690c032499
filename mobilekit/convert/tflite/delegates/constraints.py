"""What keeps an operator out of a listing: one reason in words, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.tflite.delegates.special import CHECKS

if TYPE_CHECKING:
    from mobilekit.convert.tflite.delegates.operators import FileOperator, OperandTensor
    from mobilekit.convert.tflite.delegates.published import Bounds, Listing

_VALUES: dict[str, Callable[[int], bool]] = {
    "ones": lambda value: value == 1,
    "positive": lambda value: value > 0,
    "non-negative": lambda value: value >= 0,
}


def obstacle(operator: FileOperator, listing: Listing) -> str | None:
    """The first thing that ``listing`` asks and ``operator`` has not; None if it has all."""
    checks = (_counts, _constants, _types, _ranks, _options, _values, _scales, _special)
    return next((reason for check in checks for reason in check(operator, listing)), None)


def takes_types(operator: FileOperator, listing: Listing) -> bool:
    """Whether the listing is for tensors of the operator's types."""
    return next(_types(operator, listing), None) is None


def _counts(operator: FileOperator, listing: Listing) -> Iterator[str]:
    if listing.max_version is not None and operator.version > listing.max_version:
        yield f"version {operator.version}, it takes up to {listing.max_version}"
    present = [tensor for tensor in operator.inputs if tensor is not None]
    computed = [tensor for tensor in present if not tensor.constant]
    for what, count, bounds in (
        ("operands", len(present), listing.inputs),
        ("results", len(operator.outputs), listing.outputs),
        ("operands computed at run time", len(computed), listing.runtime_inputs),
    ):
        if bounds is not None and not bounds[0] <= count <= bounds[1]:
            yield f"{count} {what}, it takes {_range(bounds)}"


def _constants(operator: FileOperator, listing: Listing) -> Iterator[str]:
    for slot in listing.needed:
        if operator.operand(slot) is None:
            yield f"without operand {slot}, which it asks for"
    for slots, constant in ((listing.constant, True), (listing.runtime, False)):
        for slot in slots:
            tensor = operator.operand(slot)
            if tensor is not None and tensor.constant != constant:
                yield f"operand {slot} is {'not ' if constant else ''}constant"


def _types(operator: FileOperator, listing: Listing) -> Iterator[str]:
    operands = [(f"operand {slot}", tensor) for slot, tensor in enumerate(operator.inputs) if tensor]
    data = [(what, tensor) for what, tensor in operands if int(what.split()[1]) in listing.data]
    results = [("a result", tensor) for tensor in operator.outputs]
    for tensors, allowed in (
        (data, listing.dtypes),
        ([(what, tensor) for what, tensor in operands if not tensor.constant], listing.runtime_dtypes),
        (results, listing.result_dtypes or listing.runtime_dtypes or listing.dtypes),
        *(
            ([pair for pair in operands if pair[0] == f"operand {slot}"], allowed)
            for slot, allowed in listing.operand_dtypes.items()
        ),
    ):
        for what, tensor in tensors:
            if allowed and tensor.dtype not in allowed:
                yield f"{what} of type {tensor.dtype}, it takes {', '.join(allowed)}"
    if listing.same_dtype:
        found = sorted({tensor.dtype for _, tensor in (*data, *results)})
        if len(found) > 1:
            yield f"mixed types {' and '.join(found)}"


def _ranks(operator: FileOperator, listing: Listing) -> Iterator[str]:
    present = [tensor for tensor in (*operator.inputs, *operator.outputs) if tensor is not None]
    data = [tensor for slot in listing.data for tensor in _slot(operator, str(slot))]
    for tensor in present:
        if listing.max_rank is not None and tensor.rank > listing.max_rank:
            yield f"rank {tensor.rank}, it takes up to {listing.max_rank}"
    for tensors, bounds in (
        ((*data, *operator.outputs), listing.rank),
        *((_slot(operator, slot), bounds) for slot, bounds in listing.operand_ranks.items()),
    ):
        for tensor in tensors:
            if bounds is not None and not bounds[0] <= tensor.rank <= bounds[1]:
                yield f"rank {tensor.rank}, it takes {_range(bounds)}"
    for slot, shapes in listing.operand_shapes.items():
        for tensor in _slot(operator, slot):
            if tensor.shape not in shapes:
                allowed = " or ".join(_shape(shape) for shape in shapes)
                yield f"operand {slot} of shape {_shape(tensor.shape)}, it takes {allowed}"
    if listing.no_empty and any(0 in tensor.shape for tensor in present):
        yield "a tensor without elements"


def _options(operator: FileOperator, listing: Listing) -> Iterator[str]:
    for key, allowed in listing.options.items():
        value = operator.options.get(key, "NONE" if key == "fusedActivationFunction" else 0)
        if value not in allowed:
            yield f"{key} {value}, it takes {', '.join(map(str, allowed))}"
    for key, least in listing.at_least.items():
        if operator.options.get(key, 0) < least:
            yield f"{key} {operator.options.get(key, 0)}, it takes at least {least}"
    together = listing.not_together
    if together and all(operator.options.get(key) for key in together):
        yield f"{' together with '.join(together)}"


def _values(operator: FileOperator, listing: Listing) -> Iterator[str]:
    for slot, kind in listing.values.items():
        for tensor in _slot(operator, slot):
            numbers = [int(v) for v in np.atleast_1d(tensor.values).flat] if tensor.values is not None else []
            if not all(_VALUES[kind](number) for number in numbers):
                yield f"operand {slot} is {numbers}, it takes {kind} only"


def _scales(operator: FileOperator, listing: Listing) -> Iterator[str]:
    if not operator.outputs[0].scales:
        return
    result = operator.outputs[0].scales[0]
    inputs = [operator.operand(slot) for slot in listing.data]
    steps = [tensor.scales[0] for tensor in inputs if tensor is not None and tensor.scales]
    ratios = [(step / result, listing.scale_ratio) for step in steps]
    if len(steps) == 2:
        ratios.append((steps[0] * steps[1] / result, listing.product_scale_ratio))
    for ratio, bounds in ratios:
        if bounds is not None and not bounds[0] <= ratio <= bounds[1]:
            yield f"input scale / output scale {ratio:.3g}, it takes {bounds[0]:.3g} to {bounds[1]:.3g}"


def _special(operator: FileOperator, listing: Listing) -> Iterator[str]:
    for name in listing.checks:
        reason = CHECKS[name](operator)
        if reason:
            yield reason


def _slot(operator: FileOperator, slot: str) -> tuple[OperandTensor, ...]:
    found = operator.operand(int(slot))
    return () if found is None else (found,)


def _range(bounds: Bounds) -> str:
    low, high = bounds
    return str(low) if low == high else f"{low} to {high}"


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "scalar"
