"""Which tensor of a foreign .tflite file is which ONNX input or output, and in which layout.

onnx2tf permutes inputs and outputs by rules of its own, and a shape such as 1×64×64×64 does not
tell how. So every assignment that the shapes admit is executed on inputs without any symmetry and
compared with ONNX Runtime; the file gets metadata for the one that agrees, or is refused.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.convert.tflite.fallback_file import BorderTensor, ForeignFile, with_border
from mobilekit.convert.tflite.fallback_probes import probe_feeds
from mobilekit.errors import ConversionDisagreementError
from mobilekit.metrics import mismatch, psnr
from mobilekit.runtimes.ort import open_graph

if TYPE_CHECKING:
    from mobilekit.description import ModelDescription
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed, TensorSpec

MINIMUM_DB = 60.0
_EQUALLY_GOOD_DB = 6.0
_BEST_DB = 200.0  # identical; also keeps differences of the last bits from deciding anything
_MOST_ASSIGNMENTS = 1296  # two inputs of rank 4 with equal sides, each in every layout: 576


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """The outputs' best places under one assignment of the inputs, and the worst one's score."""

    inputs: tuple[BorderTensor, ...]
    outputs: tuple[BorderTensor, ...]
    score_db: float
    worst: str


def settle_border(
    content: bytes, graph: Graph, *, description: ModelDescription, samples: Sequence[Feed]
) -> bytes:
    """``content`` with the ONNX names, order and layouts that make it agree with ``graph``.

    Raises ConversionDisagreementError if none does (60 dB over every output's range; integer and
    boolean outputs by their share of unequal elements, 0.1 % counting as 60 dB),
    UnsoundArtifactError if the file cannot be executed.
    """
    feeds = tuple(samples) or probe_feeds(graph.inputs, description)
    with open_graph(graph) as session:
        references = tuple(session.run(feed) for feed in feeds)
    file = ForeignFile(content)
    verdicts = [_judge(file, graph, a, feeds, references) for a in _assignments(file, graph.inputs)]
    best = max(v.score_db for v in verdicts)
    chosen = next(v for v in verdicts if v.score_db >= best - _EQUALLY_GOOD_DB)
    if best < MINIMUM_DB:
        message = (
            f"onnx2tf's file agrees with ONNX Runtime in none of the {len(verdicts)} layouts that its inputs"
            f" can have: at best {best:.1f} dB at output {chosen.worst}, expected {MINIMUM_DB:g} dB"
        )
        raise ConversionDisagreementError(message, hint="onnx2tf converts this model wrongly: do not use it")
    return with_border(content, chosen.inputs, chosen.outputs)


def permutations_between(shape: tuple[int, ...], file_shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Every p with ``shape[p[i]] == file_shape[i]``, the likeliest first.

    Of permutations that differ only in where axes of size 1 go (the elements' order is the same),
    one is kept. Unchanged comes first, then channels last, then the rest in lexicographic order.
    """
    rank = len(shape)
    if sorted(shape) != sorted(file_shape):
        return ()
    channels_last = (0, *range(2, rank), 1) if rank > 2 else ()
    usual = [p for p in (tuple(range(rank)), channels_last) if len(p) == rank]
    kept: dict[tuple[int, ...], tuple[int, ...]] = {}
    for p in (*usual, *itertools.permutations(range(rank))):
        if tuple(shape[axis] for axis in p) == file_shape:
            kept.setdefault(tuple(axis for axis in p if shape[axis] != 1), p)
    return tuple(kept.values())


def _assignments(file: ForeignFile, specs: tuple[TensorSpec, ...]) -> Iterator[tuple[BorderTensor, ...]]:
    """Every way to feed ``specs`` into the file's inputs.

    Raises ConversionDisagreementError if there is none, or too many.
    """
    if len(file.inputs) != len(specs):
        message = f"onnx2tf's file has {len(file.inputs)} inputs, the model has {len(specs)}"
        raise ConversionDisagreementError(message, hint="remove inputs that no output depends on")
    choices = [_places(spec, file.inputs_named(spec.name), file) for spec in specs]
    for spec, places in zip(specs, choices, strict=True):
        if not places:
            message = f"no input of onnx2tf's file can hold input {spec.name} {list(spec.shape)}"
            hint = f"the file's inputs are {file.described(file.inputs)}"
            raise ConversionDisagreementError(message, hint=hint)
    if (count := math.prod(len(places) for places in choices)) > _MOST_ASSIGNMENTS:
        message = f"the inputs of onnx2tf's file could be laid out in {count} ways, too many to try"
        raise ConversionDisagreementError(message, hint="give the inputs' dimensions different sizes")
    for assignment in itertools.product(*choices):
        if len({place.tensor for place in assignment}) == len(specs):
            yield assignment


def _places(spec: TensorSpec, tensors: Sequence[int], file: ForeignFile) -> list[BorderTensor]:
    return [
        BorderTensor(spec=spec, tensor=tensor, permutation=p)
        for tensor in tensors
        for p in permutations_between(spec.shape, file.shape(tensor))
    ]


def _judge(
    file: ForeignFile,
    graph: Graph,
    assignment: tuple[BorderTensor, ...],
    feeds: Sequence[Feed],
    references: Sequence[Feed],
) -> _Verdict:
    """Where each output is found, if the inputs are laid out so."""
    results = [file.run({b.tensor: b.to_file(feed[b.spec.name]) for b in assignment}) for feed in feeds]
    found = [_find_output(file, spec, results, references) for spec in graph.outputs]
    score, worst = min((score, place.spec.name) for place, score in found)
    return _Verdict(
        inputs=assignment, outputs=tuple(place for place, _ in found), score_db=score, worst=worst
    )


def _find_output(
    file: ForeignFile, spec: TensorSpec, results: Sequence[dict[int, Array]], references: Sequence[Feed]
) -> tuple[BorderTensor, float]:
    """The place that agrees best on every feed, and its score there in dB."""
    name, pairs = spec.name, tuple(zip(references, results, strict=True))
    scored = [
        (place, min(_agreement(want[name], place.from_file(got[place.tensor])) for want, got in pairs))
        for place in _places(spec, file.outputs_named(name), file)
    ]
    if not scored:
        message = f"no output of onnx2tf's file can hold output {name} {list(spec.shape)}"
        hint = f"the file's outputs are {file.described(file.outputs)}"
        raise ConversionDisagreementError(message, hint=hint)
    best = max(score for _, score in scored)
    return next((place, score) for place, score in scored if score >= best - _EQUALLY_GOOD_DB)


def _agreement(reference: Array, other: Array) -> float:
    """PSNR in dB, at most 200; for integers and booleans, 20 dB per tenth part of unequal elements."""
    if reference.shape != other.shape:  # the file declares another size than it computes
        return -math.inf
    if not np.issubdtype(reference.dtype, np.floating):
        return min(_BEST_DB, -20.0 * math.log10(max(mismatch(reference, other), 1e-10)))
    value: Any = psnr(reference, other)
    return _BEST_DB if value is None else min(_BEST_DB, float(value))
