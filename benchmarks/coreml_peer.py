"""Operators of our .mlpackage against the way over onnx2tf's SavedModel and coremltools' TensorFlow frontend.

Constants are not counted, transposes are printed. Of onnx2tf's ways to a SavedModel the one with the fewest
operators counts; each has a process of its own and a time limit, what fails is shown as failed, with the
reason. A model that none can convert has no ratio. The peer's interpreter needs onnx2tf, TensorFlow and
coremltools, and its onnxsim is used as in its activated environment. float16, iOS 17, both.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import _measure as m
from _mil_count import operators
from _peer_packages import REFUSED, WAYS

AT_MOST = 0.6
LIMIT_S = 600.0
FAILED = "failed"

Peers = dict[str, "Counter[str] | str"]
"""By way: the operators of the package, or why there is none."""


def main() -> None:
    given = m.arguments(__doc__ or "", more=flags)
    with m.scratch() as folder:
        cases = m.cases(given)
        found: dict[str, dict[str, Any]] = {}
        for case in cases:
            ours = our_count(case, given, folder)
            found[case.name] = measured(ours, peer_counts(case, given, folder))
    headings = ["model", "ours", "transposes", *WAYS, "transposes", "ratio"]
    m.table(headings, [row(name, value) for name, value in found.items()])
    for name, value in found.items():
        for way, why in value["failures"].items():
            print(f"{name}, {way}: {why}")
    m.finish("coreml_peer", found, goals(found))


def flags(parser: argparse.ArgumentParser) -> None:
    """How long the peer may take."""
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds for a conversion of the peer")


def peer_counts(case: m.Case, given: Any, folder: Path) -> Peers:
    """What each of the peer's ways makes of a case."""
    script = Path(__file__).with_name("_peer_packages.py")
    found: Peers = {}
    for index, way in enumerate(WAYS):
        print(f"{case.name}: the peer, {way}", file=sys.stderr)
        place = folder / "peer" / case.model.stem / str(index)
        command = [str(word) for word in (given.peer_python, script, place, way, case.model)]
        why = ended(command, given, folder)
        found[way] = why or operators(place / f"{case.model.stem}.mlpackage")
    return found


def ended(command: list[str], given: Any, folder: Path) -> str:
    """Run a conversion of the peer; why there is no package, or nothing."""
    environment = m.environment(given.peer_python, folder / "cache")
    log = folder / "peer.log"
    with log.open("wb") as said:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=given.limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"not done after {given.limit:g} s"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    why = next((line.partition(REFUSED)[2] for line in reversed(lines) if REFUSED in line), "")
    return "" if done.returncode == 0 else why or f"exit code {done.returncode}"


def our_count(case: m.Case, given: Any, folder: Path) -> Counter[str]:
    """Operators of our float16 package."""
    import mobilekit

    print(f"{case.name}: converting", file=sys.stderr)
    place = folder / "ours" / case.name
    artifact = mobilekit.convert(
        case.place(place),
        to="coreml",
        precision="fp16",
        out=place / "out",
        inputs=case.inputs,
        photos=given.photos,
    )
    return operators(artifact.path)


def measured(ours: Counter[str], peers: Peers) -> dict[str, Any]:
    """The figures of a model."""
    counted = {way: each for way, each in peers.items() if isinstance(each, Counter)}
    best = min(counted.values(), key=Counter.total, default=None)
    return {
        "ours": ours.total(),
        "transposes": ours["transpose"],
        "peers": {way: counts.total() for way, counts in counted.items()},
        "failures": {way: each for way, each in peers.items() if isinstance(each, str)},
        "peer_transposes": best["transpose"] if best else None,
        "ratio": ours.total() / best.total() if best else None,
    }


def row(name: str, value: dict[str, Any]) -> list[object]:
    """A line of the table."""
    peers = [value["peers"].get(way, FAILED) for way in WAYS]
    return [name, value["ours"], value["transposes"], *peers, value["peer_transposes"], value["ratio"]]


def goals(found: dict[str, dict[str, Any]]) -> list[m.Goal]:
    """At most 0.6 times the peer's operators; no transpose."""
    ratios = [
        m.Goal(what=f"{name}: operators against the peer's", ratio=value["ratio"], at_most=AT_MOST)
        for name, value in found.items()
        if value["ratio"] is not None
    ]
    return ratios + [
        m.Goal(what=f"{name}: transposes", ratio=value["transposes"], at_most=0)
        for name, value in found.items()
    ]


if __name__ == "__main__":
    main()
