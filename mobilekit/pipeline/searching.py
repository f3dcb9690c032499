"""The search for a mixed plan as a stage: on calibration photos, so that the scored ones stay unseen.

Ranges fit the photos that they are of, and clip others. So half of the calibration photos make the
ranges of the search, and the other half says what they are worth; the plan that comes of it has the
ranges of all.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.calibrate.samples import split
from mobilekit.convert.tflite.api import emit
from mobilekit.parity.whole_model import compare
from mobilekit.pipeline.figures import lacks
from mobilekit.pipeline.groups import groups_of
from mobilekit.pipeline.keys import build_key, description_key
from mobilekit.pipeline.progress import counting
from mobilekit.pipeline.reference import AheadSession
from mobilekit.pipeline.stages import image_ranges, read_plan
from mobilekit.plan.int16 import Int16Planner
from mobilekit.plan.planner import Planner
from mobilekit.plan.rewrite import rewritten
from mobilekit.plan.search import reasons_of, search, with_more_bits
from mobilekit.plan.sensitivity import analyse
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.reference import open_reference
from mobilekit.store.canonical import write_json

if TYPE_CHECKING:
    from mobilekit.calibrate.samples import SampleSource
    from mobilekit.calibrate.statistics import Statistics
    from mobilekit.pipeline.opened import Opened
    from mobilekit.pipeline.stages import Prepared
    from mobilekit.plan.search import Found
    from mobilekit.plan.sensitivity import Sensitivity
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.target import Budget

_MEASURED_ON = 6
"""Photos that each tried file is measured on, and of these so many for the sensitivity of every rounding."""
_ANALYSED_ON = 2

_LEAST_TO_SPLIT = 4

_MARGIN = 0.7
"""dB beyond the budget: other photos will score it."""
_LEAST_GAIN = 1.0
"""dB by which a mixed plan must be better than the one that was refused, whatever these photos say."""

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The plan that was found, and how (as JSON, for the report)."""

    plan: QuantisationPlan
    account: Mapping[str, Any]


def searched_plan(
    opened: Opened, prepared: Prepared, budget: Budget, *, int16: bool = False
) -> Searched | None:
    """The least float that keeps ``budget`` on calibration photos; None where there are no photos for it.

    With ``int16`` activations of 16 bits take the place of float.
    """
    calibrating, photos = opened.calibrating, opened.calibration
    if calibrating is None or photos is None:
        return None
    ranged, unseen = _halves(photos) if opened.job.statistics is None else (calibrating, photos)
    job, samples = opened.job, unseen.spread(_MEASURED_ON)
    key = {
        "graph": prepared.graph.digest,
        "calibration": calibrating.digest,
        "samples": samples.digest,
        "rule": str(job.ranges),
        "ranges": image_ranges(opened),
        "budget": asdict(budget),
        "int16": int16,
        "on_processor": job.on_processor,
        "description": description_key(job.description),
        **build_key(),
    }

    def build(folder: Path) -> None:
        planner = _planner(opened, prepared, ranged)
        planner.observe_all()
        sensitivity = analyse(
            planner.rewritten,
            planner.plan(),
            planner.operators,
            list(samples.spread(_ANALYSED_ON)),
            progress=counting(job.progress, "sensitivity"),
        )
        with tempfile.TemporaryDirectory(prefix="mobilekit-search-") as scratch:
            found = search(
                planner,
                sensitivity,
                _Measuring(opened, planner, samples, budget, Path(scratch) / "tried.tflite"),
                int16=_int16_planner(opened, prepared, ranged, planner) if int16 else None,
                most_float=1.0 if budget.float_share_max is None else budget.float_share_max,
                progress=counting(job.progress, "search"),
            )
        whole = _planner(opened, prepared, calibrating)
        wide = _int16_planner(opened, prepared, calibrating, whole) if int16 else None
        made = with_more_bits(whole, reasons_of(found.kept), int16=wide)
        (folder / "plan.json").write_text(made.to_json(), encoding="utf-8")
        write_json(folder / "search.json", account(sensitivity, found, samples))

    path = job.store.stage("search", key, build).path
    told: Mapping[str, Any] = json.loads((path / "search.json").read_text(encoding="utf-8"))
    return Searched(plan=read_plan(path / "plan.json", prepared.graph), account=told)


def _planner(opened: Opened, prepared: Prepared, samples: SampleSource | Statistics) -> Planner:
    job = opened.job
    ranges = image_ranges(opened)
    return Planner(
        prepared.graph, samples, ranges=job.ranges, input_ranges=ranges, on_processor=job.on_processor
    )


def _int16_planner(
    opened: Opened, prepared: Prepared, samples: SampleSource | Statistics, planner: Planner
) -> Int16Planner:
    """For operators of that planner's plans."""
    plan = planner.plan()
    return Int16Planner(
        prepared.graph,
        samples,
        equalisation=plan.equalisation,
        shifts=plan.shifts,
        two_part=plan.two_part,
        input_ranges=image_ranges(opened),
    )


def _halves(photos: SampleSource) -> tuple[SampleSource, SampleSource]:
    """Photos for the ranges, and photos that they have not seen; all for both where there are few."""
    return split(photos) if len(photos) >= _LEAST_TO_SPLIT else (photos, photos)


class _Measuring:
    """Writes a plan's file at ``path``, runs it, and says what each output lacks."""

    def __init__(
        self, opened: Opened, planner: Planner, samples: SampleSource, budget: Budget, path: Path
    ) -> None:
        self._opened, self._planner, self._budget, self._path = opened, planner, budget, path
        self._samples = list(samples)
        self._reference = AheadSession(lambda: open_reference(opened.source, spin=False), self._samples)
        self._groups = groups_of(opened, self._samples) if budget.by_group else []
        self._aims: dict[str, float] | None = None

    def __call__(self, plan: QuantisationPlan) -> dict[str, float]:
        """What each output's noise must fall by, in dB: to the budget and a little further."""
        self._path.write_bytes(emit(rewritten(self._planner.graph, plan), precision="int8", plan=plan))
        with open_runtime(self._path) as candidate:
            report = compare(
                self._reference,
                candidate,
                self._samples,
                described=self._opened.job.description.outputs,
                groups=self._groups,
            )
        worst: dict[str, float] = {}
        for lack in lacks(report.to_dict(), self._budget):
            worst[lack.output] = max(worst.get(lack.output, lack.decibels), lack.decibels)
        if self._aims is None:
            # The first plan was refused: where these photos do not show why, ask for a better one anyhow.
            refused = max(worst.values(), default=0.0) > 0.0
            self._aims = {
                o: _MARGIN if refused else max(_MARGIN, _LEAST_GAIN - dB) for o, dB in worst.items()
            }
        return {output: dB + self._aims[output] for output, dB in worst.items()}


def account(sensitivity: Sensitivity, found: Found, samples: SampleSource) -> dict[str, Any]:
    """What was looked at, what it cost, and what came of it."""
    loudest = sorted(
        sensitivity.effects, key=lambda s: (-float(sensitivity.effects[s].mean()), s.kind, s.name)
    )
    return {
        "samples": list(samples.names),
        "roundings": len(sensitivity.effects),
        "roundings_measured": len(sensitivity.measured),
        "simulated_runs": sensitivity.runs,
        "files_measured": found.files,
        "within": found.within,
        "lacks_db": {"before": _rounded(found.before), "after": _rounded(found.after)},
        "kept_float": [
            {
                "operators": list(kept.operators),
                "output": kept.output,
                "gain_db": round(kept.gain, 2),
                "share": round(kept.share, 4),
                "measured": kept.measured,
            }
            for kept in found.kept
        ],
        "most_sensitive": _told(sensitivity, loudest[:_SHOWN]),
    }


def _told(sensitivity: Sensitivity, sources: Sequence[Any]) -> list[dict[str, Any]]:
    """The loudest roundings: their error alone and their share of the noise at the outputs."""
    whole = sensitivity.total(list(sensitivity.effects)).mean(axis=1)
    return [
        {
            "rounded": source.kind,
            "name": source.name,
            "error_alone": float(f"{sensitivity.isolated.of(source):.3g}"),
            "noise_share": round(
                float((sensitivity.effects[source].mean(axis=1) / (whole + 1e-30)).max()), 4
            ),
            "measured": source in sensitivity.measured,
        }
        for source in sources
    ]


def _rounded(shortfalls: Mapping[str, float]) -> dict[str, float]:
    return {output: round(dB, 2) for output, dB in sorted(shortfalls.items())}
