"""What accelerators do with whole models: ``python -m tests.accelerators [--models FOLDER] [--photos FOLDER]``.

Of the embedded demo and of each .onnx file in the folder: the fp16 file on the GPU, the int8 file's twin on
Qualcomm's HTP, the int8 file compiled for a Snapdragon. Prints a table; ends with 1 if anything is not as
it must be, with 2 if an accelerator is not here. A model's inputs are described by a TOML file of its name
beside it or in benchmarks/descriptions.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mobilekit import package, resources
from mobilekit.compile.qualcomm import QUALCOMM
from mobilekit.errors import BudgetError, MobilekitError
from mobilekit.runtimes.presence import accelerators_here
from tests.accelerators.integers import integers
from tests.accelerators.judged import Verdict, compiled, on_gpu, on_npu

HERE = Path(__file__).parent
DESCRIPTIONS = HERE.parents[1] / "benchmarks" / "descriptions"
SOC = "qualcomm:SM8650"
DEMO = "demo"


def main() -> int:
    """Look, build, judge, print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.accelerators")
    parser.add_argument("--models", type=Path, help="a folder of .onnx files, beside the demo")
    parser.add_argument("--photos", type=Path, help="photos for those models (else drawn faces)")
    parser.add_argument("--store", type=Path, help="where finished stages are kept")
    given = parser.parse_args()
    missing = list(_absent())
    for line in missing:
        _say(f"missing: {line}")
    if missing:
        return 2
    with tempfile.TemporaryDirectory(prefix="mobilekit-") as folder:
        store = given.store or Path(folder, "store")
        faults = list(_rows(given, Path(folder), store))
    _say("all as it must be" if not faults else "\n".join(["", *faults]))
    return int(bool(faults))


def _absent() -> Iterator[str]:
    """What is not here, with what to install; Qualcomm's libraries are those of onnxruntime-qnn."""
    for suffix in (".tflite", ".qdq.onnx"):
        for each in accelerators_here(suffix):
            if each.availability.available:
                _say(f"{each.accelerator}: {each.availability.detail}")
            else:
                yield f"{each.accelerator}: {each.availability.detail}"
    found = find_spec("onnxruntime_qnn")
    if QUALCOMM.variable not in os.environ and found is not None and found.origin is not None:
        os.environ[QUALCOMM.variable] = str(Path(found.origin).parent)


def _rows(given: argparse.Namespace, folder: Path, store: Path) -> Iterator[str]:
    """Print a line per model; its faults."""
    _say(
        f"\n{'model':24} | {'fp16 on the GPU, against the CPU':32} | "
        f"{'int8 twin on HTP (on the CPU)':36} | {'compiled':24} | integers within a step"
    )
    for name, arguments in _models(given, folder):
        try:
            tiers = _built(arguments, folder / "dist" / name, store)
        except MobilekitError as error:
            _say(f"{name:24} | failed")
            yield f"{name}: {error.message}"
            continue
        twin = integers(arguments, folder / "dist" / name, folder / "twins" / name)
        cells = (on_gpu(tiers["gpu"]), on_npu(tiers["npu"]), compiled(tiers["npu"]), twin)
        _print(name, *cells)
        yield from (f"{name}: {cell.fault}" for cell in cells if cell.fault)


def _print(name: str, gpu: Verdict, npu: Verdict, chip: Verdict, twin: Verdict) -> None:
    _say(f"{name:24} | {gpu.shown:32} | {npu.shown:36} | {chip.shown:24} | {twin.shown}")


def _models(given: argparse.Namespace, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names, and what is given to ``package`` of each."""
    yield DEMO, {}
    for path in sorted(given.models.glob("*.onnx")) if given.models else ():
        places = (path.with_suffix(".toml"), DESCRIPTIONS / f"{path.stem}.toml")
        said = next((place for place in places if place.is_file()), None)
        inputs = tomllib.loads(said.read_text(encoding="utf-8"))["inputs"] if said else None
        yield path.stem, {"model": path, "inputs": inputs, "photos": given.photos or _drawn(folder / "drawn")}


def _drawn(folder: Path) -> Path:
    """Faces that calibrate the demo, as photos; drawn once."""
    if not folder.is_dir():
        from PIL import Image

        from mobilekit.demo.photos import render_photos

        folder.mkdir()
        for name, pixels in render_photos(resources.demo_photos(), size=512):
            Image.fromarray(pixels).save(folder / f"{Path(name).stem}.png")
    return folder


def _built(arguments: Mapping[str, Any], out: Path, store: Path) -> Mapping[str, Any]:
    """The tiers' parts of the report, budgets aside: the table judges. Raises MobilekitError."""
    target = str(HERE / "target.toml")
    try:
        result = package(**arguments, target=target, out=out, store=store, npu=SOC, progress=_told)
    except BudgetError as error:
        message = f"no build: {error.message}"
        raise BudgetError(message) from error
    return {tier.tier: tier.report for tier in result.tiers}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _told(step: str, done: int, total: int) -> None:
    """Long steps, for whoever waits."""
    if step.startswith(("check ", "compile ")) and sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{step}: {done} of {total}" + ("\n" if done == total else ""))


if __name__ == "__main__":
    sys.exit(main())
