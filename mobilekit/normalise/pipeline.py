"""The passes in their order, and the comparison of what comes out with what went in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mobilekit.errors import PassDisagreementError
from mobilekit.normalise.affine import fold_affine
from mobilekit.normalise.affine_chains import merge_affines
from mobilekit.normalise.applied import Applied, applied, first_fault, run_both
from mobilekit.normalise.batch_norm import split_batch_norms
from mobilekit.normalise.broadcasts import remove_expands
from mobilekit.normalise.channel_orders import fold_channel_orders
from mobilekit.normalise.channel_paths import move_channel_orders
from mobilekit.normalise.decomposed import recognise_norms
from mobilekit.normalise.denormals import flush_denormals
from mobilekit.normalise.duplicates import merge_duplicates
from mobilekit.normalise.editor import Editor
from mobilekit.normalise.fold import fold
from mobilekit.normalise.gelu import replace_microsoft_gelus
from mobilekit.normalise.modernise import CANONICAL_OPSET, modernise
from mobilekit.normalise.movement import name_movements
from mobilekit.normalise.no_ops import remove_no_ops
from mobilekit.normalise.norm_affine import fold_norm_affine
from mobilekit.normalise.norm_reshapes import unwrap_norms
from mobilekit.normalise.norms import unify_norms
from mobilekit.normalise.pads import fold_pads
from mobilekit.normalise.partitions import name_partitions
from mobilekit.normalise.pointwise import name_activations
from mobilekit.normalise.recognition import Recognition
from mobilekit.normalise.sandwiches import open_sandwiches
from mobilekit.normalise.split_layers import split_layers
from mobilekit.normalise.verify import first_difference, outputs_of, tolerance_of
from mobilekit.normalise.views import merge_views
from mobilekit.normalise.zeros import remove_zero_branches
from mobilekit.runtimes.rounding import is_within_rounding
from mobilekit.source.graph import Graph, graph_from_proto

if TYPE_CHECKING:
    from mobilekit.metrics import Tolerance
    from mobilekit.tensors import Array, Feed

__all__ = ["CANONICAL_OPSET", "PIPELINE", "Normalised", "Recognition", "normalise"]

_DEFECT = "this is a defect of mobilekit: please report it with the model"
Pass = Callable[[Editor], "Sequence[Recognition] | None"]

PIPELINE: tuple[Pass, ...] = (
    fold,
    modernise,
    replace_microsoft_gelus,
    remove_no_ops,
    merge_views,
    remove_no_ops,
    remove_expands,
    merge_duplicates,
    name_movements,
    name_activations,
    unify_norms,
    recognise_norms,
    split_batch_norms,
    unwrap_norms,
    open_sandwiches,
    merge_views,
    remove_no_ops,
    fold_pads,
    fold_affine,
    merge_affines,
    unwrap_norms,
    fold_norm_affine,
    fold_channel_orders,
    move_channel_orders,
    fold,
    flush_denormals,
    remove_zero_branches,
    merge_views,
    remove_no_ops,
    merge_duplicates,
    name_partitions,
    split_layers,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalised:
    """The graph in normal form, and what was recognised in it."""

    graph: Graph
    recognised: tuple[Recognition, ...]


def normalise(graph: Graph, *, samples: Sequence[Feed]) -> Normalised:
    """Run :data:`PIPELINE` and compare the outputs with those of ``graph`` on ``samples``.

    Where a pattern was recognised, the value that it computes is compared as well. Raises ShapeError,
    UnsupportedOperatorError, and PassDisagreementError naming the pass that changed a result, and the
    node if the pass has told of it. Without samples nothing is compared.
    """
    editor = Editor(graph.proto())
    found: list[tuple[str, Recognition]] = []
    for each in PIPELINE:
        found += [(each.__name__, recognition) for recognition in each(editor) or ()]
    result = graph_from_proto(editor.to_model(), stage="normalised")
    _check(graph, result, samples, applied(graph, result, found, editor.equals))
    return Normalised(graph=result, recognised=tuple(recognition for _, recognition in found))


def _check(source: Graph, result: Graph, samples: Sequence[Feed], places: Sequence[Applied]) -> None:
    if not samples:
        return
    before, after = run_both(source, result, places, samples)
    tolerance = tolerance_of(source)
    names = [spec.name for spec in source.outputs]
    wanted, got = ([{n: values[n] for n in names} for values in run] for run in (before, after))
    difference = first_difference(wanted, got, tolerance=tolerance)
    if difference is not None and not is_within_rounding(result, samples, wanted, got):
        culprit = _first_wrong_pass(source, samples, wanted, tolerance)
        message = f"normalising changed the result: pass {culprit}: {difference}"
        raise PassDisagreementError(message, hint=_DEFECT)
    fault = first_fault(source, result, places, samples, before, after, tolerance=tolerance)
    if fault is not None:
        message = f"normalising changed a value: {fault}"
        raise PassDisagreementError(message, hint=_DEFECT)


def _first_wrong_pass(
    source: Graph, samples: Sequence[Feed], wanted: Sequence[dict[str, Array]], tolerance: Tolerance
) -> str:
    """The pipeline again, compared after every pass."""
    editor = Editor(source.proto())
    for index, each in enumerate(PIPELINE):
        each(editor)
        graph = graph_from_proto(editor.to_model(), stage="normalised")
        if first_difference(wanted, outputs_of(graph, samples), tolerance=tolerance):
            return f"{each.__name__} (number {index + 1})"
    return "unknown (not reproducible)"
