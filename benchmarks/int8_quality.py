"""PSNR against ONNX Runtime of every precision, on the photos that did not calibrate."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import _measure as m

PRECISIONS = ("fp32", "fp16", "int8-dynamic", "int8")
IDENTICAL_DB = 200.0


def scores(case: m.Case, precision: str, given: Any, folder: Path) -> dict[str, list[float]]:
    """PSNR in dB per output, one value per scoring photo; identical counts as 200."""
    import mobilekit
    from mobilekit.metrics import psnr

    artifact = mobilekit.convert(
        case.place(folder),
        to="tflite",
        precision=precision,
        out=folder / "out",
        inputs=case.inputs,
        photos=given.photos,
    )
    _, scoring = m.split_samples(case, given.photos)
    found: dict[str, list[float]] = {}
    with mobilekit.open_runtime(case.model) as reference, mobilekit.open_runtime(artifact.path) as made:
        for feed in scoring:
            expected, got = reference.run(feed), made.run(feed)
            for name, value in expected.items():
                score = psnr(value, got[name])
                found.setdefault(name, []).append(IDENTICAL_DB if score is None else score)
    return found


def main() -> None:
    given = m.arguments(__doc__ or "", peer=False)
    rows, measured = [], []
    for case in m.cases(given):
        for precision in PRECISIONS:
            with m.scratch() as folder:
                found = scores(case, precision, given, folder / "work")
            for name, values in found.items():
                mean, worst = statistics.fmean(values), min(values)
                rows.append([case.name, precision, name, mean, worst, len(values)])
                measured.append(
                    {"model": case.name, "precision": precision, "output": name, "mean": mean, "worst": worst}
                )
    m.table(["model", "precision", "output", "PSNR mean dB", "worst dB", "photos"], rows)
    m.finish("int8_quality", measured)


if __name__ == "__main__":
    main()
