"""What the benchmarks share: cases, commands with time and memory, interleaving, tables, verdicts."""

from __future__ import annotations

import argparse
import atexit
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DESCRIPTIONS = Path(__file__).resolve().parent / "descriptions"
DEMO = ROOT / "mobilekit" / "demo"
MOBILEKIT = [sys.executable, "-c", "from mobilekit.cli.app import main; main()"]
_SAMPLE_S = 0.02
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

sys.path.insert(0, str(ROOT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model and the mobilekit.toml that describes it."""

    name: str
    model: Path
    description: Path

    @property
    def inputs(self) -> dict[str, dict[str, Any]]:
        """The ``inputs`` keyword of :func:`mobilekit.convert`."""
        tables = tomllib.loads(self.description.read_text(encoding="utf-8"))
        return dict(tables.get("inputs", {}))

    def place(self, folder: Path) -> Path:
        """Copy the model and its description to ``folder``; the model's new path."""
        folder.mkdir(parents=True, exist_ok=True)
        text = self.description.read_text(encoding="utf-8")
        (folder / "mobilekit.toml").write_text(text, encoding="utf-8")
        return Path(shutil.copy(self.model, folder / self.model.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A finished command: wall-clock time, and of its process tree processor time and peak memory."""

    seconds: float
    processor_seconds: float
    peak_bytes: int
    code: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A ratio (or another figure) and what it may be at most, or must be at least."""

    what: str
    ratio: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        low, high = self.at_least, self.at_most
        return (low is None or self.ratio >= low) and (high is None or self.ratio <= high)

    @property
    def limit(self) -> str:
        """The goal in words."""
        said = [("at least", self.at_least), ("at most", self.at_most)]
        return " and ".join(f"{word} {value}" for word, value in said if value is not None)


def goals_of(what: str, value: float, at_least: float | None, at_most: float | None) -> list[Goal]:
    """The goal of a figure, if it has one."""
    if at_least is None and at_most is None:
        return []
    return [Goal(what=what, ratio=value, at_least=at_least, at_most=at_most)]


def arguments(
    description: str,
    *,
    peer: bool = True,
    repeat: int = 3,
    more: Callable[[argparse.ArgumentParser], None] | None = None,
) -> argparse.Namespace:
    """The flags that every benchmark takes, and those that ``more`` adds."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    models = "folder of .onnx files, each with STEM.toml or one of descriptions/"
    parser.add_argument("--models", type=Path, help=models)
    parser.add_argument("--photos", type=Path, help="folder of photos (default: the demo's, as .png files)")
    parser.add_argument("--only", help="only the cases whose name contains this")
    parser.add_argument("--repeat", type=int, default=repeat, help=f"runs of each side (default {repeat})")
    if peer:
        parser.add_argument("--peer-python", type=Path, help="a Python interpreter that has onnx2tf")
    if more is not None:
        more(parser)
    given = parser.parse_args()
    given.photos = given.photos.absolute() if given.photos else demo_photos()
    if peer:
        given.peer_python = peer_python(given.peer_python)
    return given


def peer_python(python: Path | None) -> Path:
    """The interpreter of the peer; ends the benchmark with a clear line if it has no onnx2tf."""
    chosen = (python or Path(sys.executable)).absolute()
    command = [str(chosen), "-c", "import onnx2tf; print(onnx2tf.__version__)"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        sys.exit(f"{chosen} cannot be run: {error.strerror}")
    if found.returncode != 0:
        sys.exit(f"{chosen} has no onnx2tf: name an interpreter that has, with --peer-python PATH")
    print(f"peer: onnx2tf {found.stdout.strip()} of {chosen}", file=sys.stderr)
    return chosen


def cases(given: argparse.Namespace, *, demo: bool = True) -> list[Case]:
    """The demo and the models of ``--models``, each with its description."""
    embedded = Case(name="demo", model=DEMO / "fusion.onnx", description=DEMO / "mobilekit.toml")
    found = [embedded] if demo else []
    for model in sorted(given.models.glob("*.onnx")) if given.models else ():
        places = (model.with_suffix(".toml"), DESCRIPTIONS / f"{model.stem}.toml")
        description = next((p for p in places if p.is_file()), None)
        if description is None:
            sys.exit(f"{model} has no description: write {places[0]} (`mobilekit init` starts one)")
        found.append(Case(name=model.stem, model=model, description=description))
    return [c for c in found if not given.only or given.only in c.name]


def split_samples(case: Case, photos: Path) -> tuple[Any, Any]:
    """``(calibration, scoring)`` samples of a case, as mobilekit makes them."""
    from mobilekit.calibrate.inputs import input_samples, split
    from mobilekit.calibrate.photos import read_photos
    from mobilekit.config import read_description
    from mobilekit.source.load import load

    graph = load(case.model)
    description = read_description(case.description)
    return split(input_samples(graph.inputs, description, photos=read_photos(photos)))


def demo_photos() -> Path:
    """The demo's photos as files, in a folder that is gone when the benchmark ends."""
    from PIL import Image

    from mobilekit import resources
    from mobilekit.demo.photos import render_photos

    folder = tempfile.TemporaryDirectory(prefix="mobilekit-photos-")
    atexit.register(folder.cleanup)
    for name, pixels in render_photos(resources.demo_photos()):
        Image.fromarray(pixels).save(Path(folder.name) / f"{name}.png")
    return Path(folder.name)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mobilekit-benchmark-") as name:
        yield Path(name)


def environment(python: str | Path, cache: Path) -> dict[str, str]:
    """As in the activated environment of ``python``, with an empty stage store."""
    path = os.pathsep.join((str(Path(python).parent), os.environ.get("PATH", "")))
    return {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": str(ROOT) if Path(python) == Path(sys.executable) else "",
        "XDG_CACHE_HOME": str(cache),
        "NO_COLOR": "1",
    }


def run(command: Sequence[str | Path], *, cwd: Path, cache: Path) -> Ran:
    """Run a command to its end; the first word is the interpreter whose environment it gets."""
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env=environment(command[0], cache),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        peak = [0]
        watcher = threading.Thread(target=_watch, args=(process, peak), daemon=True)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
        log.seek(0)
        output = log.read().decode("utf-8", "replace")
    largest = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Ran(
        seconds=seconds,
        processor_seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=max(peak[0], largest),
        code=process.returncode,
        output=output,
    )


def checked(ran: Ran, what: str) -> Ran:
    """``ran`` if it succeeded; otherwise its last lines, and the end."""
    if ran.code != 0:
        sys.exit(f"{what} ended with exit code {ran.code}:\n" + "\n".join(ran.output.splitlines()[-15:]))
    return ran


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    """Sample the resident memory of a process and all that it started (Linux: from /proc)."""
    while process.returncode is None and Path("/proc/self/statm").exists():
        peak[0] = max(peak[0], sum(_resident_bytes(pid) for pid in _tree(process.pid)))
        time.sleep(_SAMPLE_S)


def _tree(root: int) -> list[int]:
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                waiting += [int(word) for word in children.read_text().split()]
            except OSError:
                continue
    return found


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


def interleaved(sides: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, float]:
    """Median of what each side returns, over rounds in which every side takes its turn."""
    values: dict[str, list[float]] = {name: [] for name in sides}
    for index in range(rounds):
        order = list(sides) if index % 2 == 0 else list(reversed(sides))
        for name in order:
            values[name].append(sides[name]())
    return {name: statistics.median(found) for name, found in values.items()}


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns."""
    cells = [[_cell(value) for value in row] for row in (headings, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headings))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    return "–" if value is None else str(value)


def finish(benchmark: str, measured: object, goals: Sequence[Goal] = ()) -> None:
    """Print which goals are met, then everything as one line of JSON."""
    print()
    for goal in goals:
        verdict = "met   " if goal.met else "MISSED"
        print(f"{verdict}  {goal.what}: {goal.ratio:.3f}, goal {goal.limit}")
    said = [{**asdict(g), "met": g.met} for g in goals]
    print(json.dumps({"benchmark": benchmark, "measured": measured, "goals": said}, sort_keys=True))
