"""Inputs that the file leaves open; a package has them fixed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mobilekit.convert.coreml.lints.lint import Lint
from mobilekit.convert.coreml.lints.sources import FLEXIBLE_INPUTS, FORUM_FLEXIBLE


def open_shapes(inputs: Mapping[str, Sequence[int | str]]) -> Iterator[Lint]:
    """A lint per input of the ONNX file with a dimension that is no number."""
    for name, shape in inputs.items():
        if any(not isinstance(size, int) for size in shape):
            yield Lint(
                rule="open-shape",
                node=name,
                what=f"input {name} is {'×'.join(map(str, shape))} in the file; a package has fixed shapes",
                todo="choose it with --shape or in the target; another size is another package. Flexible"
                " shapes would run on the Neural Engine at their default size only",
                source=f"{FLEXIBLE_INPUTS}; {FORUM_FLEXIBLE}",
            )
