"""Calibrating with simulated cameras against calibrating with photos as they are.

Each model is converted to int8 several times: calibrated with every second photo as it is, and with
the same photos through each choice of --cameras. The files are compared with ONNX Runtime on the other
photos, as they are and through all cameras (with other noise and conditions than any that calibrated):
PSNR in dB over the float output's range, several outputs of a model counting as their mean. What
cameras give is the mean of the differences, sample by sample, with its standard error.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import _measure as m

IDENTICAL_DB = 200.0
AS_THEY_ARE = "none"
SCORED = "all"
_OTHER_SEED = 1

Scores = dict[str, list[float]]
"""One value per sample, by what calibrated."""


def scoring_sets(case: m.Case, photos: Path, each: int) -> dict[str, Any]:
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
    profiles = chosen_cameras(SCORED)
    _, plain = split(input_samples(inputs, description, photos=found))
    taken = input_samples(inputs, description, photos=camera_photos(found, profiles, seed=_OTHER_SEED))
    items = camera_items(plain.items, photos=len(found), cameras=len(profiles), each=each)
    return {"photos": plain, "cameras": taken.select(items)}


def converted(case: m.Case, camera: str, photos: Path, folder: Path) -> Path:
    """The int8 file that is calibrated with ``camera``."""
    import mobilekit

    model = case.place(folder)
    artifact = mobilekit.convert(
        model, precision="int8", out=folder / "out", inputs=case.inputs, photos=photos, camera=camera
    )
    return artifact.path


def scores(
    case: m.Case, cameras: Sequence[str], given: argparse.Namespace, folder: Path
) -> dict[str, Scores]:
    """PSNR in dB of every sample (the mean of its outputs), by what it is scored on."""
    import mobilekit

    files = {
        camera: converted(case, camera, given.photos, folder / str(number))
        for number, camera in enumerate(cameras)
    }
    opened = {camera: mobilekit.open_runtime(path) for camera, path in files.items()}
    found: dict[str, Scores] = {}
    with mobilekit.open_runtime(case.model) as reference:
        for scored, samples in scoring_sets(case, given.photos, given.each).items():
            values: Scores = {camera: [] for camera in cameras}
            for feed in samples:
                expected = reference.run(feed)
                for camera, runtime in opened.items():
                    values[camera].append(mean_psnr(expected, runtime.run(feed)))
            found[scored] = values
    for runtime in opened.values():
        runtime.close()
    return found


def mean_psnr(expected: Mapping[str, Any], got: Mapping[str, Any]) -> float:
    """Mean over the outputs; identical counts as 200 dB."""
    from mobilekit.metrics import psnr

    each = [psnr(value, got[name]) for name, value in expected.items()]
    return statistics.fmean(IDENTICAL_DB if score is None else score for score in each)


def paired(values: Sequence[float], base: Sequence[float]) -> tuple[float, float]:
    """Mean of the differences and its standard error."""
    differences = [value - other for value, other in zip(values, base, strict=True)]
    if len(differences) < 2:
        return statistics.fmean(differences), math.inf
    return statistics.fmean(differences), statistics.stdev(differences) / math.sqrt(len(differences))


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cameras", action="append", help="profiles to calibrate with; repeatable (all)")
    parser.add_argument("--each", type=int, default=3, help="cameras per scoring photo (default 3)")


def main() -> None:
    given = m.arguments(__doc__ or "", peer=False, more=options)
    cameras = [AS_THEY_ARE, *(given.cameras or ["all"])]
    rows, measured = [], []
    gains: dict[tuple[str, str], list[float]] = {}
    for case in m.cases(given):
        with m.scratch() as folder:
            found = scores(case, cameras, given, folder)
        for scored, by in found.items():
            for camera, values in by.items():
                gain, error = paired(values, by[AS_THEY_ARE])
                gains.setdefault((scored, camera), []).append(gain)
                figures = {
                    "mean": statistics.fmean(values),
                    "worst": min(values),
                    "gain": gain,
                    "error": error,
                }
                rows.append([case.name, scored, camera, *figures.values(), len(values)])
                said = {"model": case.name, "scored_on": scored, "calibrated_with": camera}
                measured.append({**said, **figures})
    headings = [
        "model",
        "scored on",
        "calibrated with",
        "PSNR mean dB",
        "worst dB",
        "against none",
        "±",
        "samples",
    ]
    m.table(headings, rows)
    print()
    for (scored, camera), own in gains.items():
        gain, error = paired(own, [0.0] * len(own))
        if camera != AS_THEY_ARE:
            print(f"all models, scored on {scored}: {camera} gives {gain:+.2f} dB ± {error:.2f}")
    m.finish("camera", measured)


if __name__ == "__main__":
    main()
