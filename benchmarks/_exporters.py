"""The models of tests/exporters as cases: one file per block, described, larger where that works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import _measure as m
import numpy as np

# Of several exports of one block, the first of these that there is.
PREFERRED = ("torch/{}.ts17.onnx", "torch/{}.dynamo18.onnx")


def blocks(folder: Path) -> dict[str, Path]:
    """A file for every block, by name; ``folder`` holds a folder per exporter."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*/*.onnx")):
        found.setdefault(path.name.split(".")[0], []).append(path)
    chosen = {}
    for name, paths in sorted(found.items()):
        wanted = (folder / pattern.format(name) for pattern in PREFERRED)
        chosen[name] = next((p for p in wanted if p in paths), paths[0])
    return chosen


def cases(folder: Path, place: Path, *, factor: int) -> Iterator[m.Case]:
    """Every block as a case, its images ``factor`` times as high and wide where the model allows that."""
    place.mkdir(parents=True, exist_ok=True)
    for name, path in blocks(folder).items():
        for scale in dict.fromkeys((factor, 1)):
            suffix = f"×{scale}" if scale > 1 else ""
            case = _written(f"{name}{suffix}", path, place / f"{name}.onnx", scale)
            if case is not None:
                yield case
                break


def _written(name: str, source: Path, model: Path, factor: int) -> m.Case | None:
    """The model and its description in files; None if it cannot run at this size."""
    import onnx
    import onnxruntime

    from mobilekit.errors import MobilekitError, ModelError
    from mobilekit.runtimes.ort import typed_errors

    proto = onnx.load(source)
    sizes = [[d.dim_value for d in v.type.tensor_type.shape.dim] for v in proto.graph.output]
    _enlarge(proto, factor)
    onnx.save(proto, model)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        with typed_errors("run the block", ModelError):
            session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
            results = session.run(None, feed(model))
    except MobilekitError:  # sizes are written in the graph
        return None
    pairs = zip(sizes, results, strict=True)
    if factor > 1 and not all(_is_enlarged(size, result.shape, factor) for size, result in pairs):
        return None
    for value, result in zip(proto.graph.output, results, strict=True):
        value.type.tensor_type.shape.CopyFrom(_shape(result.shape))
    onnx.save(proto, model)
    description = model.with_suffix(".toml")
    description.write_text(_description(proto, model.name), encoding="utf-8")
    return m.Case(name=name, model=model, description=description)


def _enlarge(proto: Any, factor: int) -> None:
    constants = {t.name for t in proto.graph.initializer}
    del proto.graph.value_info[:]
    for value in proto.graph.input:
        dims = value.type.tensor_type.shape.dim
        if value.name in constants:
            continue
        for dim in dims:
            if not dim.dim_value:
                dim.dim_value = 1
        if len(dims) == 4:
            image = dims[1:3] if _is_channels_last(dims) else dims[2:4]
            for dim in image:
                dim.dim_value *= factor
    for value in proto.graph.output:
        for index, dim in enumerate(value.type.tensor_type.shape.dim):
            dim.dim_param = f"{value.name}_{index}"


def _is_enlarged(before: list[int], after: tuple[int, ...], factor: int) -> bool:
    """Whether each axis is as it was or ``factor`` times as long, and a map's are not all as they were.

    Else sizes or positions that are written in the graph made another function of it.
    """
    known = [pair for pair in zip(before, after, strict=True) if pair[0]]
    grew = any(new > old for old, new in known) or len(known) != 4 or set(before[2:]) == {1}
    return grew and all(new in (old, old * factor) for old, new in known)


def _is_channels_last(dims: Any) -> bool:
    return dims[3].dim_value in (1, 3) and dims[1].dim_value not in (1, 3)


def _shape(shape: tuple[int, ...]) -> Any:
    import onnx

    return onnx.helper.make_tensor_value_info("", 1, shape).type.tensor_type.shape


def feed(model: Path) -> dict[str, Any]:
    """The inputs of a case: seeded numbers between 0 and 1, integers are zero."""
    from mobilekit.source.load import load

    random = np.random.default_rng(0)
    return {
        spec.name: random.uniform(0, 1, spec.shape).astype(spec.dtype.value)
        if spec.dtype.is_float
        else np.zeros(spec.shape, spec.dtype.value)
        for spec in load(model).inputs
    }


def _description(proto: Any, model: str) -> str:
    """Images are what has one or three channels in second place, in and out: the file then has them last."""
    lines = ["[model]", f'path = "{model}"']
    constants = {t.name for t in proto.graph.initializer}
    for kind, values in (("inputs", proto.graph.input), ("outputs", proto.graph.output)):
        for value in values:
            dims = value.type.tensor_type.shape.dim
            color = {1: "gray", 3: "rgb"}.get(dims[1].dim_value if len(dims) == 4 else 0)
            if value.name in constants or (color is None and kind == "outputs"):
                continue
            lines += [f'[{kind}."{value.name}"]', f'kind = "{"image" if color else "array"}"']
            lines += [f'color = "{color}"', "range = [0.0, 1.0]"] if color else []
    return "\n".join(lines) + "\n"
