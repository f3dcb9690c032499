"""A file on an accelerator against the same file on the CPU, and against the float model."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mobilekit.errors import AcceleratorError
from mobilekit.parity.whole_model import compare
from mobilekit.pipeline.reference import RecordedSession, record
from mobilekit.pipeline.stages import reference
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.isolated import scratch_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mobilekit.pipeline.opened import Opened
    from mobilekit.runtimes.acceleration import AcceleratedSession
    from mobilekit.runtimes.base import Session
    from mobilekit.runtimes.presence import Presence
    from mobilekit.tensors import Feed

SAMPLES = 2
EMULATED_SAMPLES = 1
"""Software takes seconds per picture where a GPU takes milliseconds."""

_PARTS = ("adapter", "emulated", "operators", "accepted", "partitions")


def run_on(opened: Opened, model: Path, path: Path, presence: Presence, *, label: str) -> dict[str, Any]:
    """What the accelerator did with the file ``path`` on a few scoring samples, as JSON values.

    ``model`` is the tier's file, which the CPU runs; ``path`` that, or its twin. A file that the
    accelerator refuses altogether is an answer too. Raises AcceleratorError if it crashes or hangs,
    WorkerError where temporary files cannot be written. Messages have the file's name alone.
    """
    try:
        return _run_on(opened, model, path, presence, label=label)
    except AcceleratorError as error:
        message = _without_folder(error.message, path)
        raise AcceleratorError(message, hint=error.hint, cause=error.cause) from error


def _without_folder(message: str, path: Path) -> str:
    """Where in the store a file lies says nothing to whoever reads a report."""
    return message.replace(str(path.absolute()), path.name).replace(str(path), path.name)


def _run_on(opened: Opened, model: Path, path: Path, presence: Presence, *, label: str) -> dict[str, Any]:
    progress = opened.job.progress
    progress(label, 0, 2)
    try:
        found = open_on(path, presence)
    except AcceleratorError as error:
        if error.cause != "refused":
            raise
        progress(label, 2, 2)
        return {
            **_parts(path, presence),
            "accelerator": presence.accelerator,
            "verified": False,
            "reason": _without_folder(error.message, path),
            "refused": True,
        }
    with (
        found as session,
        open_runtime(model) as cpu,
        _scratch() as folder,
    ):
        acceleration = session.acceleration
        samples = opened.scoring.picked(EMULATED_SAMPLES if acceleration.emulated else SAMPLES)
        feeds = list(samples.values())
        progress(label, 1, 2)
        with scratch_errors():
            ran = _recorded(session, feeds, folder / "accelerator")
            on_cpu = _recorded(cpu, feeds, folder / "cpu")
        outputs = _outputs(ran, on_cpu, reference(opened), feeds)
    progress(label, 2, 2)
    return {
        **acceleration.to_json(),
        "verified": True,
        "runtime": ran.name,
        "samples": list(samples),
        "outputs": outputs,
    }


def _parts(path: Path, presence: Presence) -> dict[str, Any]:
    """How much of a refused file the accelerator would take: here it runs whole files only."""
    if presence.opened_as != "qnn-htp":
        return {}
    from mobilekit.runtimes.qnn import acceptance

    found = acceptance(path).to_json()
    return {name: found[name] for name in _PARTS}


def open_on(path: Path, presence: Presence) -> AcceleratedSession:
    """A file on an accelerator; a GPU computes in float32. Raises AcceleratorError."""
    precision: dict[str, Any] = {"precision": "fp32"} if presence.accelerator == "gpu" else {}
    return cast("AcceleratedSession", open_runtime(path, accelerator=presence.opened_as, **precision))


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    with scratch_errors():
        scratch = tempfile.TemporaryDirectory(prefix="mobilekit-")
    with scratch as name:
        yield Path(name)


def _recorded(session: Session, feeds: Sequence[Feed], folder: Path) -> RecordedSession:
    folder.mkdir()
    record(session, feeds, folder)
    return RecordedSession(folder, inputs=session.inputs, outputs=session.outputs)


def _outputs(ran: Session, on_cpu: Session, recorded: Session, feeds: Sequence[Feed]) -> list[dict[str, Any]]:
    """Each output's figures; NaN of the accelerator's that the CPU's result has too are none of its own."""
    of_float = {output.name: output for output in compare(recorded, ran, feeds).outputs}
    of_cpu = {output.name: output for output in compare(recorded, on_cpu, feeds).outputs}
    zeros = _zeros(ran, recorded, feeds)
    return [
        {
            "name": output.name,
            "psnr_vs_cpu": output.to_dict()["psnr_db"],
            "psnr_vs_float": of_float[output.name].to_dict()["psnr_db"],
            "cpu_psnr_vs_float": of_cpu[output.name].to_dict()["psnr_db"],
            "mismatch_vs_cpu": output.mismatch,
            "last_bits": output.last_bits,
            "nan": output.nan,
            "all_zero": zeros[output.name],
        }
        for output in compare(on_cpu, ran, feeds).outputs
    ]


def _zeros(ran: Session, recorded: Session, feeds: Sequence[Feed]) -> dict[str, int]:
    """In how many samples each output is zero everywhere, and the model's is not."""
    found = dict.fromkeys((spec.name for spec in ran.outputs), 0)
    for feed in feeds:
        got, expected = ran.run(feed), recorded.run(feed)
        for name in found:
            found[name] += bool(not np.any(got[name]) and np.any(expected[name]))
    return found
