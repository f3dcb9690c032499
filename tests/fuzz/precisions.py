"""The other precisions of a graph whose float file is right: no crash, no untyped error, sane numbers."""

from __future__ import annotations

import math
import tempfile
import traceback
from pathlib import Path

import numpy as np
import onnx

import mobilekit
from mobilekit.errors import BudgetError, DisagreementError, MobilekitError, UnsupportedOperatorError
from mobilekit.metrics import psnr
from tests.fuzz.graphs import Case
from tests.fuzz.judge import Verdict, expect, reason_of, untyped

PRECISIONS = ("fp16", "int8", "int8-dynamic")
LEAST_DB = {"fp16": 25.0, "int8": 3.0, "int8-dynamic": 8.0}
"""Below this it is not rounding. Random graphs of few numbers quantise badly; networks do not."""


def judge_precision(case: Case, precision: str, folder: Path | None = None) -> Verdict:
    """Convert to ``precision``, calibrated on the case's feeds, and run the first.

    All are calibrated and scored on: none may hold what is not to be expected of a file.
    """
    expected, *others = [expect(case.model, feed) for feed in case.feeds]
    if expected is None or None in others:
        return Verdict("unusable")
    with tempfile.TemporaryDirectory(dir=folder, prefix="fuzz-") as name:
        path = Path(name) / "model.onnx"
        onnx.save(case.model, path)
        try:
            artifact = mobilekit.convert(
                path, precision=precision, out=Path(name) / "out", store=Path(name) / "store",
                shapes=dict(case.shapes), inputs=dict(case.images), samples=list(case.feeds),
            )  # fmt: skip
            with mobilekit.open_runtime(artifact.path, threads=1) as runtime:
                got = runtime.run(case.feeds[0])
        except (UnsupportedOperatorError, BudgetError) as error:
            return Verdict("refused", reason_of(error), str(error))
        except DisagreementError as error:
            return Verdict("finding", f"{precision}: {type(error).__name__}: {reason_of(error)}", str(error))
        except MobilekitError as error:
            return Verdict("finding", f"{precision}: {type(error).__name__}: {reason_of(error)}", str(error))
        except Exception as error:  # noqa: BLE001
            return Verdict("finding", f"{precision}: {untyped(error)}", traceback.format_exc())
    steady = [n for n, v in expected.outputs.items() if v.dtype.kind == "f" and n not in expected.unsteady]
    for output in steady:
        want, have = expected.outputs[output], got[output]
        if have.shape != want.shape or not np.isfinite(have).all():
            return Verdict("finding", f"{precision}: not finite, or another shape", f"output {output}")
        quality = psnr(want, have)
        if quality is not None and math.isfinite(quality) and quality < LEAST_DB[precision]:
            return Verdict("low", precision, f"output {output}: {quality:.1f} dB")
    return Verdict("right")
