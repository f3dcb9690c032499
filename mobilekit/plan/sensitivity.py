"""How much each rounding costs at the outputs, the cheapest look first.

1. Every operator alone, all in one pass (`isolation`): how wrong is its result?
2. Those that look worst: the float network with nothing but this rounding in it, and what arrives at
   the outputs. Error energies of single roundings add up, so a search can foresee what a set of them
   costs without running it.

The second look is bounded, by multiply-accumulates instead of seconds: the same plan on any machine.
What it does not reach is estimated from the first, by what the others' errors became at the outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mobilekit.convert.tflite.view import view_of
from mobilekit.metrics import psnr
from mobilekit.plan.isolation import Isolated, isolate
from mobilekit.plan.macs import count_macs
from mobilekit.plan.simulate import Source, simulated, sources_of
from mobilekit.runtimes.ort import open_graph

if TYPE_CHECKING:
    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed

Noise = npt.NDArray[np.float64]
"""Error energy over the squared range of each float output (rows), on each sample (columns)."""

MOST_WORK = 2.0e12
"""For the second look, in multiply-accumulates: about 20 seconds of one core."""
WORK_OF_AN_ELEMENT = 150
"""Writing an element takes as long as so many multiply-accumulates (measured on ten networks)."""
LEAST_RUNS, MOST_RUNS = 32, 600

_LOUDEST = 1.0e6
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """What single roundings cost. ``effects`` has every source of the plan, measured or estimated.

    ``outputs`` names the rows of the effects; ``runs`` is how many single inferences were spent.
    """

    outputs: tuple[str, ...]
    isolated: Isolated
    effects: Mapping[Source, Noise]
    measured: frozenset[Source]
    runs: int

    def total(self, sources: Sequence[Source]) -> Noise:
        """The noise at the outputs that ``sources`` make together; unknown ones count nothing."""
        nothing = np.zeros_like(next(iter(self.effects.values()), np.zeros((len(self.outputs), 1))))
        return sum((self.effects[s] for s in sources if s in self.effects), start=nothing)


def analyse(
    graph: Graph,
    plan: QuantisationPlan,
    operators: Sequence[Operator],
    samples: Sequence[Feed],
    *,
    progress: Progress | None = None,
) -> Sensitivity:
    """Look at every rounding of ``plan``; ``graph`` is as the plan rewrites it.

    ``progress`` is called with the sources looked at and their number. Raises what ONNX Runtime's
    sessions raise.
    """
    isolated = isolate(graph, plan, operators, samples[:1])
    order = sorted(sources_of(operators, plan.operators), key=lambda s: (-isolated.of(s), s.kind, s.name))
    looks = most_runs(graph) // max(1, len(samples))
    outputs = tuple(spec.name for spec in graph.outputs if spec.dtype.is_float)
    used = {spec.name for spec in graph.inputs}
    feeds = [{name: value for name, value in feed.items() if name in used} for feed in samples]
    effects: dict[Source, Noise] = {}
    if outputs:
        with open_graph(graph) as session:
            exact = [session.run(feed) for feed in feeds]
        for done, source in enumerate(order[:looks]):
            if progress is not None:
                progress(done, min(looks, len(order)))
            altered = simulated(graph, plan, operators, sources=[source])
            with open_graph(altered, integers=False) as session:
                got = [session.run(feed) for feed in feeds]
            effects[source] = _noises(outputs, exact, got)
        if progress is not None:
            progress(min(looks, len(order)), min(looks, len(order)))
    measured = frozenset(effects)
    rows = outputs or tuple(spec.name for spec in graph.outputs)
    return Sensitivity(
        outputs=rows,
        isolated=isolated,
        effects={**effects, **_estimates(order, effects, isolated, (len(rows), len(samples)))},
        measured=measured,
        runs=len(measured) * len(samples),
    )


def most_runs(graph: Graph) -> int:
    """How many single inferences of ``graph`` the second look may take."""
    view = view_of(graph)
    elements = sum(math.prod(view.shapes[name]) for node in view.nodes for name in node.output if name)
    work = sum(count_macs(view).values()) + WORK_OF_AN_ELEMENT * elements
    return int(np.clip(MOST_WORK / max(1, work), LEAST_RUNS, MOST_RUNS))


def _noises(
    outputs: Sequence[str], exact: Sequence[Mapping[str, Array]], got: Sequence[Mapping[str, Array]]
) -> Noise:
    return np.array(
        [[_noise(want[name], have[name]) for want, have in zip(exact, got, strict=True)] for name in outputs]
    )


def _noise(exact: Array, got: Array) -> float:
    decibels = psnr(exact, got)
    return 0.0 if decibels is None else float(min(10.0 ** (-decibels / 10.0), _LOUDEST))


def _estimates(
    order: Sequence[Source], effects: Mapping[Source, Noise], isolated: Isolated, shape: tuple[int, int]
) -> dict[Source, Noise]:
    """Noise of the sources that were not looked at: their error alone, times what it became of others'."""
    gains = [effects[s] / isolated.of(s) for s in effects if isolated.of(s) > 0.0]
    gain = np.median(gains, axis=0) if gains else np.ones(shape)
    return {s: gain * isolated.of(s) for s in order if s not in effects}
