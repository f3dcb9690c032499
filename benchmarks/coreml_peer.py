"""Operators of our .mlpackage against the way over onnx2tf's SavedModel and coremltools' TensorFlow frontend.

Constants are not counted, transposes are printed. Of onnx2tf's two ways to a SavedModel the one with fewer
operators counts; a model that neither can convert has no ratio, and is said. The peer's interpreter needs
onnx2tf, TensorFlow and coremltools. float16, iOS 17, both.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import _measure as m
from _mil_count import operators

AT_MOST = 0.6
BACKENDS = ("direct", "tf_converter")
WITH_TRANSPOSES = ("exposure_iat_256",)
"""Attention needs some; the others are convolutional, or permute at their outputs only."""


def main() -> None:
    given = m.arguments(__doc__ or "")
    with m.scratch() as folder:
        cases = m.cases(given)
        peers = peer_counts(cases, given, folder)
        ours = {case.name: our_count(case, given, folder) for case in cases}
    found = {name: measured(ours[name], peers.get(name, {})) for name in ours}
    headings = ["model", "ours", "transposes", *(f"onnx2tf {b}" for b in BACKENDS), "transposes", "ratio"]
    m.table(headings, [row(name, value) for name, value in found.items()])
    m.finish("coreml_peer", found, goals(found))


def peer_counts(cases: list[m.Case], given: Any, folder: Path) -> dict[str, dict[str, Counter[str]]]:
    """Operators of the peer's packages by case and way; a way that fails is missing."""
    work = folder / "peer"
    work.mkdir()
    script = Path(__file__).with_name("_peer_packages.py")
    print(f"onnx2tf and coremltools: converting {len(cases)} models", file=sys.stderr)
    command = [given.peer_python, script, work, *(case.model for case in cases)]
    ran = m.checked(m.run(command, cwd=work, cache=folder / "cache"), "the peer")
    for line in ran.output.splitlines():
        if line.startswith("cannot convert"):
            print(f"peer: {line}", file=sys.stderr)
    found: dict[str, dict[str, Counter[str]]] = {}
    for case in cases:
        for backend in BACKENDS:
            package = work / case.model.stem / backend / f"{case.model.stem}.mlpackage"
            if package.is_dir():
                found.setdefault(case.name, {})[backend] = operators(package)
    return found


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


def measured(ours: Counter[str], peers: dict[str, Counter[str]]) -> dict[str, Any]:
    """The figures of a model."""
    best = min(peers.values(), key=Counter.total, default=None)
    return {
        "ours": ours.total(),
        "transposes": ours["transpose"],
        "peers": {backend: counts.total() for backend, counts in peers.items()},
        "peer_transposes": best["transpose"] if best else None,
        "ratio": ours.total() / best.total() if best else None,
    }


def row(name: str, value: dict[str, Any]) -> list[object]:
    """A line of the table."""
    peers = [value["peers"].get(backend) for backend in BACKENDS]
    return [name, value["ours"], value["transposes"], *peers, value["peer_transposes"], value["ratio"]]


def goals(found: dict[str, dict[str, Any]]) -> list[m.Goal]:
    """At most 0.6 times the peer's operators; no transpose in a convolutional network."""
    ratios = [
        m.Goal(what=f"{name}: operators against the peer's", ratio=value["ratio"], at_most=AT_MOST)
        for name, value in found.items()
        if value["ratio"] is not None
    ]
    return ratios + [
        m.Goal(what=f"{name}: transposes", ratio=value["transposes"], at_most=0)
        for name, value in found.items()
        if name not in WITH_TRANSPOSES
    ]


if __name__ == "__main__":
    main()
