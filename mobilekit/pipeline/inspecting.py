"""``inspect``: what is in a model, and what a target will do with it, before anything is converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit import resources
from mobilekit.config import safe_name
from mobilekit.description import ModelDescription
from mobilekit.errors import ModelFileError, ShapeError, UnknownOpsetError, UnsupportedOperatorError
from mobilekit.pipeline.dimensions import open_shapes
from mobilekit.pipeline.formats import format_of
from mobilekit.pipeline.job import Fill, check_described, described
from mobilekit.pipeline.keywords import checked_shapes
from mobilekit.pipeline.lint_outlook import LintOutlook, lint_outlook, open_shape_outlook
from mobilekit.pipeline.outlook import DelegateOutlook, delegate_outlooks
from mobilekit.target_file import target_from_toml
from mobilekit.tier import PLANNED

if TYPE_CHECKING:
    import onnx

    from mobilekit.package.islands import Islands
    from mobilekit.source.graph import Graph
    from mobilekit.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderTensor:
    """An input or output as the file declares it; open dimensions are names, or ``?``."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TierOutlook:
    """What a tier will get, if the model's operators allow it.

    ``islands`` are the float parts of an integer file: at least these, calibration can only add some.
    """

    tier: str
    precision: str
    accelerators: tuple[str, ...]
    shapes: Mapping[str, tuple[int, ...]]
    possible: bool
    islands: Islands | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """``problem`` is why the graph could not be looked at further (open dimensions, say); else empty.

    ``recognised`` and ``rewrites`` are what normalising and legalising do; ``refusals`` every
    operator without an exact form, a line each. ``delegates`` is what each tier's accelerators would
    take of its file, by published lists, ``lints`` what is published about Apple's hardware: nothing is
    run.
    """

    path: Path
    name: str
    producer: str
    ir_version: int
    opsets: Mapping[str, int]
    inputs: tuple[BorderTensor, ...]
    outputs: tuple[BorderTensor, ...]
    operators: Mapping[str, int]
    parameters: int
    target: str
    recognised: tuple[Mapping[str, str], ...] = ()
    rewrites: tuple[Mapping[str, str], ...] = ()
    legal_operators: Mapping[str, int] | None = None
    refusals: tuple[str, ...] = ()
    tiers: tuple[TierOutlook, ...] = ()
    delegates: tuple[DelegateOutlook, ...] = ()
    lints: tuple[LintOutlook, ...] = ()
    problem: str = ""
    hint: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON, for ``--json``."""
        return {**asdict(self), "path": str(self.path)}


def inspect(
    model: str | Path | None = None,
    *,
    target: str = "android",
    config: str | Path | ModelDescription | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> Inspection:
    """Look at a model with the eyes of a target. Raises MobilekitError for a file that is not a model,
    DescriptionError for a description of tensors that it does not have.

    Open dimensions and operators without an exact form are part of the answer, not errors.
    """
    fixed = checked_shapes(shapes)
    chosen = target_from_toml(resources.target_file(target))
    path, description, _ = described(Path(model) if model is not None else None, config=config, inputs=None)
    proto = _read(path)
    fill = Fill(shapes={**chosen.shapes, **fixed}, size=chosen.size, batch=chosen.batch)
    facts = _facts(path, proto, description, chosen)
    inputs, outputs = ([tensor.name for tensor in facts[side]] for side in ("inputs", "outputs"))
    check_described(description, path, inputs=inputs, outputs=outputs)
    try:
        from mobilekit.convert.refusals import UNKNOWN_HINT
        from mobilekit.source.load import load

        source = load(path, shapes=open_shapes(path, description, fill))
    except UnknownOpsetError:
        # An operator that nobody knows is part of the answer; another version of ONNX is not.
        unknown = format_of(chosen.format).dialect(chosen.opset).refusals_of_file(path)
        if not unknown:
            raise
        tiers = _tiers(facts, description, chosen, fill, possible=False)
        return Inspection(**facts, refusals=unknown, hint=UNKNOWN_HINT, tiers=tiers)
    except ShapeError as error:
        found = open_shape_outlook(_declared(facts), chosen.tiers) if chosen.format == "coreml" else ()
        return Inspection(**facts, problem=error.message, hint=error.hint, lints=found)
    return _with_outlook(facts, source, description, chosen, fill)


def _with_outlook(
    facts: Mapping[str, Any], source: Graph, description: ModelDescription, target: Target, fill: Fill
) -> Inspection:
    from mobilekit.legalise.pipeline import legalise
    from mobilekit.normalise.pipeline import normalise

    dialect = format_of(target.format).dialect(target.opset)
    recognised: tuple[Mapping[str, str], ...] = ()
    try:
        dialect.check_operators_known(source)
        normalised = normalise(source, samples=())
        recognised = tuple(asdict(each) for each in normalised.recognised)
        legal = legalise(normalised.graph, profile=dialect.profile, samples=())
    except UnsupportedOperatorError as error:
        told = dialect.with_all(source, error)
        tiers = _tiers(facts, description, target, fill, possible=False)
        return Inspection(**facts, recognised=recognised, refusals=told.refusals, hint=told.hint, tiers=tiers)
    refused = tuple(line for _, line in dialect.refused_nodes(legal.graph))
    tiers = _tiers(facts, description, target, fill, possible=not refused)
    return Inspection(
        **facts,
        recognised=recognised,
        rewrites=tuple(asdict(each) for each in legal.rewrites),
        legal_operators=histogram(legal.graph.proto()),
        refusals=refused,
        tiers=tiers if refused else _with_islands(tiers, legal.graph, source, description, target),
        delegates=() if refused else _delegates(facts, source, normalised.graph, description, target, fill),
        lints=() if refused else _lints(facts, source, legal.graph, description, target, fill),
    )


def _with_islands(
    outlooks: Sequence[TierOutlook],
    graph: Graph,
    source: Graph,
    description: ModelDescription,
    target: Target,
) -> tuple[TierOutlook, ...]:
    """``outlooks`` with the float islands of integer files that this model in these shapes becomes."""
    from mobilekit.package.islands import islands_of
    from mobilekit.pipeline.outlook import drafted_operators

    shapes = {spec.name: spec.shape for spec in source.inputs}
    found = []
    for tier, outlook in zip(target.tiers, outlooks, strict=True):
        other = tier.model is not None or any(shapes.get(n) != own for n, own in outlook.shapes.items())
        if tier.precision in PLANNED and not other:
            drafted = drafted_operators(graph, description, precision=tier.precision, io=tier.io)
            outlook = replace(outlook, islands=islands_of(drafted))
        found.append(outlook)
    return tuple(found)


def _delegates(
    facts: Mapping[str, Any],
    source: Graph,
    normalised: Graph,
    description: ModelDescription,
    target: Target,
    fill: Fill,
) -> tuple[DelegateOutlook, ...]:
    """Outlooks of the tiers that have this model in these shapes: others have graphs of their own."""
    from mobilekit.legalise.pipeline import legalise

    if target.format != "tflite":
        return ()
    shapes = {spec.name: spec.shape for spec in source.inputs}
    outlooks = _tiers(facts, description, target, fill, possible=True)
    legal: dict[str, Graph] = {}
    found: list[DelegateOutlook] = []
    for tier, outlook in zip(target.tiers, outlooks, strict=True):
        if tier.model is not None or any(shapes.get(name) != own for name, own in outlook.shapes.items()):
            continue
        profile = format_of(target.format).profile_of(tier)
        if profile not in legal:
            legal[profile] = legalise(normalised, profile=profile, samples=()).graph
        found += delegate_outlooks(legal[profile], description, [tier], source=source.proto())
    return tuple(found)


def _lints(
    facts: Mapping[str, Any],
    source: Graph,
    legal: Graph,
    description: ModelDescription,
    target: Target,
    fill: Fill,
) -> tuple[LintOutlook, ...]:
    """What is published about Apple's hardware, for the tiers that have this model in these shapes."""
    if target.format != "coreml":
        return ()
    shapes = {spec.name: spec.shape for spec in source.inputs}
    outlooks = _tiers(facts, description, target, fill, possible=True)
    same = [
        tier
        for tier, outlook in zip(target.tiers, outlooks, strict=True)
        if tier.model is None and all(shapes.get(name) == own for name, own in outlook.shapes.items())
    ]
    return lint_outlook(
        legal, same, source=source, description=description, opset=target.opset, inputs=_declared(facts)
    )


def _declared(facts: Mapping[str, Any]) -> dict[str, tuple[int | str, ...]]:
    """The shapes of inputs as the file declares them."""
    return {tensor.name: tensor.shape for tensor in facts["inputs"]}


def _tiers(
    facts: Mapping[str, Any], description: ModelDescription, target: Target, fill: Fill, *, possible: bool
) -> tuple[TierOutlook, ...]:
    path = facts["path"]
    found = []
    for tier in target.tiers:
        own = Fill(
            shapes={**target.shapes, **(tier.shapes or {}), **fill.shapes},
            size=tier.size or target.size,
            batch=target.batch,
        )
        found.append(
            TierOutlook(
                tier=tier.name,
                precision=tier.precision,
                accelerators=tier.accelerators,
                shapes=open_shapes(tier.model or path, description, own),
                possible=possible,
            )
        )
    return tuple(found)


def _facts(
    path: Path, model: onnx.ModelProto, description: ModelDescription, target: Target
) -> dict[str, Any]:
    from math import prod

    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    producer = " ".join(part for part in (model.producer_name, model.producer_version) if part)
    return {
        "path": path,
        "name": description.name or safe_name(path.stem),
        "producer": producer or "not named",
        "ir_version": model.ir_version,
        "opsets": {entry.domain or "ai.onnx": entry.version for entry in model.opset_import},
        "inputs": tuple(_border(value, description, is_input=True) for value in inputs),
        "outputs": tuple(_border(value, description, is_input=False) for value in model.graph.output),
        "operators": histogram(model),
        "parameters": sum(prod(tensor.dims) for tensor in model.graph.initializer),
        "target": target.name,
    }


def histogram(model: onnx.ModelProto) -> dict[str, int]:
    """How often each operator occurs, sorted by name; operators of other domains with their domain."""
    names = sorted(f"{n.domain}::{n.op_type}" if n.domain else n.op_type for n in model.graph.node)
    return {name: names.count(name) for name in dict.fromkeys(names)}


def _border(value: onnx.ValueInfoProto, description: ModelDescription, *, is_input: bool) -> BorderTensor:
    import onnx

    from mobilekit.source.shapes import dimensions

    said = (description.inputs if is_input else description.outputs).get(value.name)
    tensor = value.type.tensor_type
    return BorderTensor(
        name=value.name,
        dtype=onnx.TensorProto.DataType.Name(tensor.elem_type).lower(),
        shape=tuple(d if isinstance(d, int) else d or "?" for d in dimensions(value) or ("?",)),
        kind=said.kind if said else "not described",
    )


def _read(path: Path) -> onnx.ModelProto:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.ModelProto.FromString(path.read_bytes())
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise ModelFileError(message) from error
    except DecodeError as error:
        message = f"{path}: not an ONNX model, or truncated"
        raise ModelFileError(message, hint="export the model to ONNX again") from error
    if not model.graph.output:
        message = f"{path}: not an ONNX model: it has no graph with outputs"
        raise ModelFileError(message, hint="export the model to ONNX again")
    return model
