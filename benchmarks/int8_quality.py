"""What int8 (and the other precisions) loses against ONNX Runtime, on the photos that did not calibrate.

Photos sorted by name: even ones calibrate, odd ones score. Networks of known purpose are measured by
it: pictures by PSNR and colour difference, masks by their overlap, detectors by the faces they find.
The demo is measured on its own drawn faces, and on the photos where some are given.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import _measure as m
from _quality import Faces, Figure, Mask, Measure, Outputs, Picture, Signal

PRECISIONS = ("fp32", "fp16", "int8-dynamic", "int8")

# What int8 must keep. Other precisions are measured in the same way, without goals.
MEASURES: dict[str, Measure] = {
    "demo": Picture(black=-1.0, white=1.0, mean=38.0, delta_e=1.0),
    "candy_256": Picture(black=0.0, white=255.0, mean=38.0, worst=33.0),
    "exposure_iat_256": Picture(black=0.0, white=1.0, mean=35.0, worst=30.0),
    "portrait_sinet_320": Mask(median=0.98, worst=0.95),
    "face_detector_rfb_320": Faces(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A case on one folder of photos."""

    name: str
    case: m.Case
    photos: Path

    @property
    def measure(self) -> Measure:
        """How this network is judged; by PSNR alone if nothing is known of it."""
        return MEASURES.get(self.case.name, Signal())


def runs(given: argparse.Namespace) -> Iterator[Run]:
    """What is measured: the demo on its own faces and on the photos, the models on the photos."""
    own = m.demo_photos()
    for case in m.cases(given):
        if case.name != "demo":
            yield Run(name=case.name, case=case, photos=given.photos)
            continue
        yield Run(name=case.name, case=case, photos=own)
        if given.with_photos:
            yield Run(name="demo on photos", case=case, photos=given.photos)


def figures(run: Run, precision: str, folder: Path) -> list[Figure]:
    """Convert in ``folder``, run both on the scoring photos, and measure."""
    import mobilekit

    artifact = mobilekit.convert(
        run.case.place(folder),
        to="tflite",
        precision=precision,
        out=folder / "out",
        inputs=run.case.inputs,
        photos=run.photos,
    )
    _, scoring = m.split_samples(run.case, run.photos)
    expected: list[Outputs] = []
    got: list[Outputs] = []
    with mobilekit.open_runtime(run.case.model) as reference, mobilekit.open_runtime(artifact.path) as made:
        for feed in scoring:
            expected.append(reference.run(feed))
            got.append(made.run(feed))
    return run.measure(expected, got)


def options(parser: argparse.ArgumentParser) -> None:
    """The flags of this benchmark alone."""
    parser.add_argument("--precision", action="append", choices=PRECISIONS, help="only this one (repeatable)")


def main() -> None:
    given = m.arguments(__doc__ or "", peer=False, more=options)
    given.with_photos = any(word == "--photos" or word.startswith("--photos=") for word in sys.argv[1:])
    rows, measured, goals = [], [], []
    for run in runs(given):
        for precision in given.precision or PRECISIONS:
            with m.scratch() as folder:
                found = figures(run, precision, folder / "work")
            for each in found:
                rows.append([run.name, precision, each.what, each.value])
                said = {"model": run.name, "precision": precision, "what": each.what, "value": each.value}
                measured.append(said)
                if precision == "int8" and run.name == run.case.name:
                    goals += m.goals_of(f"{run.name}, {each.what}", each.value, each.at_least, each.at_most)
    m.table(["model", "precision", "figure", "value"], rows)
    m.finish("int8_quality", measured, goals)


if __name__ == "__main__":
    main()
