"""Calibrating with simulated cameras against calibrating with photos as they are.

Each model is converted to int8 twice: calibrated with every second photo as it is, and with the same
photos through --cameras. Both files are compared with ONNX Runtime on the other photos, as they are
and through the cameras (with other noise and conditions than any that calibrated): PSNR in dB over the
float output's range. The better one has the higher mean over its outputs on the cameras' pictures.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

import _measure as m

IDENTICAL_DB = 200.0
CALIBRATED = ("photos", "cameras")
_OTHER_SEED = 1

Scores = dict[str, dict[str, list[float]]]


def scoring_sets(case: m.Case, photos: Path, cameras: str, each: int) -> dict[str, Any]:
    """Samples of the photos that did not calibrate: as they are, and through the cameras."""
    from mobilekit.calibrate.inputs import input_samples, split
    from mobilekit.calibrate.isp.camera import camera_photos
    from mobilekit.calibrate.isp.selection import chosen_cameras
    from mobilekit.calibrate.photos import read_photos
    from mobilekit.config import read_description
    from mobilekit.pipeline.cameras import camera_items
    from mobilekit.source.load import load

    inputs, description = load(case.model).inputs, read_description(case.description)
    found = read_photos(photos)
    profiles = chosen_cameras(cameras)
    _, plain = split(input_samples(inputs, description, photos=found))
    taken = input_samples(inputs, description, photos=camera_photos(found, profiles, seed=_OTHER_SEED))
    items = camera_items(plain.items, photos=len(found), cameras=len(profiles), each=each)
    return {"photos": plain, "cameras": taken.select(items)}


def scores(case: m.Case, given: argparse.Namespace, folder: Path) -> dict[str, Scores]:
    """PSNR in dB: by what it is scored on, by what calibrated, by output; one value per sample."""
    import mobilekit
    from mobilekit.metrics import psnr

    files = {}
    for calibrated, camera in zip(CALIBRATED, ("none", given.cameras), strict=True):
        model = case.place(folder / calibrated)
        artifact = mobilekit.convert(
            model, precision="int8", out=model.parent, inputs=case.inputs, photos=given.photos, camera=camera
        )
        files[calibrated] = mobilekit.open_runtime(artifact.path)
    found: dict[str, Scores] = {}
    with mobilekit.open_runtime(case.model) as reference:
        for scored, samples in scoring_sets(case, given.photos, given.cameras, given.each).items():
            values = found.setdefault(scored, {name: {} for name in CALIBRATED})
            for feed in samples:
                expected = reference.run(feed)
                for calibrated, runtime in files.items():
                    for name, got in runtime.run(feed).items():
                        score = psnr(expected[name], got)
                        kept = values[calibrated].setdefault(name, [])
                        kept.append(IDENTICAL_DB if score is None else score)
    for runtime in files.values():
        runtime.close()
    return found


def rows_of(case: m.Case, found: dict[str, Scores]) -> list[list[object]]:
    """Mean and worst per output and scoring set, of both files."""
    rows: list[list[object]] = []
    for scored, by in found.items():
        for name in by["photos"]:
            ours = [by[calibrated][name] for calibrated in CALIBRATED]
            means = [statistics.fmean(values) for values in ours]
            figures = [means[0], min(ours[0]), means[1], min(ours[1])]
            better = CALIBRATED[means[1] > means[0]]
            rows.append([case.name, name, scored, *figures, better, len(ours[0])])
    return rows


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cameras", default="all", help="profiles, with commas (default: all)")
    parser.add_argument("--each", type=int, default=3, help="cameras per scoring photo (default 3)")


def main() -> None:
    given = m.arguments(__doc__ or "", peer=False, more=options)
    rows, measured, gains = [], [], {}
    for case in m.cases(given):
        with m.scratch() as folder:
            found = scores(case, given, folder)
        rows += rows_of(case, found)
        for scored, by in found.items():
            means = {c: statistics.fmean(statistics.fmean(v) for v in by[c].values()) for c in CALIBRATED}
            gains.setdefault(scored, []).append(means["cameras"] - means["photos"])
            measured.append({"model": case.name, "scored_on": scored, **means})
    figures = [f"{calibrated}: {kind}" for calibrated in CALIBRATED for kind in ("mean", "worst")]
    m.table(["model", "output", "scored on", *figures, "better", "samples"], rows)
    for scored, differences in gains.items():
        mean = statistics.fmean(differences)
        print(f"\nscored on {scored}: calibrating with cameras gives {mean:+.2f} dB in the mean")
    better = CALIBRATED[statistics.fmean(gains["cameras"]) > 0]
    print(f"better on the cameras' pictures: calibrating with {better}")
    m.finish("camera", measured)


if __name__ == "__main__":
    main()
