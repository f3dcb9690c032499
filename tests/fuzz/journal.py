"""What a long run has found so far, on disk: a file per chunk of graphs, a folder per finding."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from tests.fuzz.graphs import Case
from tests.fuzz.judge import Verdict

_KEPT = 3


@dataclass(frozen=True, slots=True)
class Journal:
    """``root/chunks/00012.jsonl`` has a line per graph of a chunk, in order."""

    root: Path

    def chunk(self, number: int) -> Path:
        return self.root / "chunks" / f"{number:05}.jsonl"

    def lines(self, number: int) -> list[dict[str, Any]]:
        path = self.chunk(number)
        return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []

    def append(self, number: int, line: Mapping[str, Any]) -> None:
        path = self.chunk(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def everything(self) -> Iterator[dict[str, Any]]:
        for path in sorted((self.root / "chunks").glob("*.jsonl")):
            yield from (json.loads(line) for line in path.read_text().splitlines())

    def has_enough(self, reason: str) -> bool:
        """Whether findings of that reason have been kept already: a few tell as much as hundreds."""
        return len(list((self.root / "findings").glob(f"{_slug(reason)}-*"))) >= _KEPT

    def keep(self, name: str, case: Case, verdict: Verdict) -> Path:
        """Write a finding: model, its text, feeds, what was wrong."""
        folder = self.root / "findings" / f"{_slug(verdict.reason)}-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        write_case(folder, case)
        (folder / "finding.txt").write_text(
            f"{verdict.reason}\n\n{verdict.detail}\n\n{onnx.printer.to_text(case.model)}\n", encoding="utf-8"
        )
        return folder


def _slug(reason: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", reason[:90]).strip("-")


def write_case(folder: Path, case: Case) -> None:
    """``read_case`` reads it back."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(case.model, folder / "model.onnx")
    for place, feed in enumerate(case.feeds):
        np.savez(folder / f"feed{place}.npz", **feed)
    given = {"shapes": {n: list(s) for n, s in case.shapes.items()}, "images": case.images}
    (folder / "given.json").write_text(json.dumps(given))


def read_case(folder: Path) -> Case:
    """A case that ``write_case`` wrote: ``python -m tests.fuzz.run --again FOLDER`` judges it again."""
    feeds = []
    for path in sorted(folder.glob("feed*.npz")):
        with np.load(path) as arrays:
            feeds.append(dict(arrays))
    given = json.loads((folder / "given.json").read_text())
    shapes = {n: tuple(s) for n, s in given["shapes"].items()}
    model = onnx.load(folder / "model.onnx")
    return Case(model=model, feeds=tuple(feeds), shapes=shapes, images=given["images"])


def summary(journal: Journal, seconds: float) -> str:
    """Graphs, nodes, operators with counts, verdicts, refusals by reason, findings."""
    lines = [line for line in journal.everything() if line["kind"] != "absent"]
    kinds = Counter(line["kind"] for line in lines)
    operators: Counter[str] = Counter()
    for line in lines:
        operators.update(line["operators"])
    out = [
        f"{len(lines)} graphs, {sum(operators.values())} nodes, {len(operators)} operators, {seconds:.0f} s",
        ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()),
        "",
        "operators: " + ", ".join(f"{op} {count}" for op, count in sorted(operators.items())),
    ]
    for kind in ("refused", "unusable", "finding", "crash", "hang"):
        reasons = Counter(line["reason"] for line in lines if line["kind"] == kind)
        out += ["", f"{kind}:"] + [f"  {count:5} {reason}" for reason, count in reasons.most_common()]
    others = Counter(
        (precision, found["kind"])
        for line in lines
        for precision, found in line.get("precisions", {}).items()
    )
    out += ["", "other precisions:"] + [
        f"  {p}: {count} {kind}" for (p, kind), count in sorted(others.items())
    ]
    wrong = {
        f["reason"] for line in lines for f in line.get("precisions", {}).values() if f["kind"] == "finding"
    }
    return "\n".join([*out, *(f"  finding: {reason}" for reason in sorted(wrong))])
