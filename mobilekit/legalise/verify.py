"""Whether a legalised graph computes what it was made from, in ONNX Runtime; and if not, since which rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import PassDisagreementError
from mobilekit.legalise.engine import Rewrite
from mobilekit.legalise.floats import in_single_precision
from mobilekit.metrics import Tolerance, in_last_bits, psnr
from mobilekit.normalise.verify import tolerance_of
from mobilekit.runtimes.rounding import is_within_rounding
from mobilekit.source.graph import Graph

if TYPE_CHECKING:
    from mobilekit.tensors import Array, Feed

_ABSOLUTE = 1e-6
LOST_IN_FLOAT32 = "double is computed in float32 here, and this model's values do not survive that"
_SCALE = "ONNX Runtime gives the same in float32: scale the values (to 1e-30 … 1e30), export in float32"


def check_same(before: Graph, after: Graph, rewrites: Sequence[Rewrite], samples: Sequence[Feed]) -> None:
    """Compare the outputs of both graphs on every sample.

    Raises PassDisagreementError naming the rule and node where the first value goes wrong; if the model's
    doubles are what float32 cannot hold, it says so.
    """
    from mobilekit.runtimes.reference import open_reference

    if not samples:
        return
    tolerance = tolerance_of(before)
    with open_reference(before) as reference, open_reference(after) as candidate:
        for feed in samples:
            wanted, got = reference.run(feed), candidate.run(feed)
            wrong = [name for name in wanted if not agree(wanted[name], got[name], tolerance)]
            if wrong and not is_within_rounding(before, [feed], [wanted], [got]):
                if _is_lost_in_float32(before, feed, got, tolerance):
                    message = f"output {wrong[0]!r}: {LOST_IN_FLOAT32}"
                    raise PassDisagreementError(message, hint=_SCALE)
                raise _disagreement(before, after, rewrites, feed, wrong[0])


def agree(wanted: Array, got: Array, tolerance: Tolerance) -> bool:
    """Floats within ``tolerance``, anything else bit for bit."""
    if wanted.shape != got.shape or wanted.dtype != got.dtype:
        return False
    if wanted.dtype.kind != "f":
        return bool(np.array_equal(wanted, got))
    if np.allclose(wanted, got, rtol=1e-5, atol=_ABSOLUTE, equal_nan=True):
        return True
    quality = psnr(wanted, got)
    if quality is None or quality >= tolerance.psnr:
        return True
    return in_last_bits(wanted, got, rounding=tolerance.rounding)


def _is_lost_in_float32(before: Graph, feed: Feed, got: Mapping[str, Array], tolerance: Tolerance) -> bool:
    """Whether ONNX Runtime's own float32 results of a graph with doubles are ``got``."""
    from mobilekit.runtimes.ort import open_graph

    single = in_single_precision(before)
    if single is None:
        return False
    with open_graph(single, optimise=False) as session:
        expected = session.run(feed)
    return all(agree(value, got[name], tolerance) for name, value in expected.items())


def _disagreement(
    before: Graph, after: Graph, rewrites: Sequence[Rewrite], feed: Feed, output: str
) -> PassDisagreementError:
    value = _first_wrong_value(before, after, feed) or output
    rule = next((r for r in rewrites if r.node == value), None)
    what = f"rule {rule.rule} ({rule.detail})" if rule else "a rule before it"
    message = f"legalising changed the result: {what} at node {value} differs from the normalised graph"
    return PassDisagreementError(message, hint="this is a defect of mobilekit: please report it")


def _first_wrong_value(before: Graph, after: Graph, feed: Feed) -> str | None:
    """The first value, in order of computation, that both graphs have and that differs."""
    from mobilekit.runtimes.ort import open_graph

    kept = {name for node in after.proto().graph.node for name in node.output}
    names = [n for node in before.proto().graph.node for n in node.output if n in kept]
    tolerance = tolerance_of(before)
    with (
        open_graph(before, taps=names, optimise=False) as reference,
        open_graph(after, taps=names, optimise=False) as candidate,
    ):
        wanted, got = reference.run(feed, taps=names), candidate.run(feed, taps=names)
    return next((n for n in names if not agree(wanted[n], got[n], tolerance)), None)
