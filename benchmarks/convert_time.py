"""Converting to a float32 .tflite file: mobilekit against onnx2tf (its default, direct backend).

As a command (the whole process, from its start to its end) and in process (after imports and one
conversion to warm up). mobilekit's time includes its self-check against ONNX Runtime; onnx2tf's has
none. Sides take turns, medians.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import _measure as m

AT_MOST_COMMAND = 0.5
AT_MOST_IN_PROCESS = 0.2
IN_PROCESS = Path(__file__).with_name("_convert_in_process.py")


def commands(case: m.Case, peer: Path, folder: Path, repeat: int) -> dict[str, float]:
    """Seconds of each side's command, medians."""
    count = iter(range(1000))

    def ours() -> float:
        place = folder / f"ours{next(count)}"
        words = ["convert", case.place(place).name, "--to", "tflite", "--precision", "fp32", "--out", "out"]
        return m.checked(m.run([*m.MOBILEKIT, *words], cwd=place, cache=place / "cache"), "mobilekit").seconds

    def theirs() -> float:
        place = folder / f"peer{next(count)}"
        words = ["-c", "from onnx2tf import main; main()", "-i", case.place(place).name, "-o", "out"]
        return m.checked(m.run([peer, *words], cwd=place, cache=place / "cache"), "onnx2tf").seconds

    return m.interleaved({"ours": ours, "peer": theirs}, rounds=repeat)


def in_process(case: m.Case, peer: Path, folder: Path, repeat: int) -> dict[str, float]:
    """Seconds of one conversion within a process, medians over two processes a side."""
    (folder / "inputs.json").write_text(json.dumps(case.inputs), encoding="utf-8")
    count = iter(range(1000))

    def side(name: str, python: str | Path) -> float:
        place = folder / f"{name}{next(count)}"
        model = case.place(place)
        words = [IN_PROCESS, name, model, place, str(repeat), folder / "inputs.json"]
        ran = m.checked(m.run([python, *words], cwd=place, cache=place / "cache"), f"{name} in process")
        return statistics.median(json.loads(ran.output.splitlines()[-1]))

    sides = {"ours": lambda: side("ours", m.MOBILEKIT[0]), "peer": lambda: side("peer", peer)}
    return m.interleaved(sides, rounds=2)


def main() -> None:
    given = m.arguments(__doc__ or "")
    rows, goals, measured = [], [], {}
    for case in m.cases(given):
        with m.scratch() as folder:
            command = commands(case, given.peer_python, folder / "command", given.repeat)
            (folder / "inside").mkdir()
            inside = in_process(case, given.peer_python, folder / "inside", given.repeat)
        ratios = command["ours"] / command["peer"], inside["ours"] / inside["peer"]
        rows.append([case.name, *command.values(), ratios[0], *inside.values(), ratios[1]])
        goals.append(m.Goal(what=f"{case.name} as a command", ratio=ratios[0], at_most=AT_MOST_COMMAND))
        goals.append(m.Goal(what=f"{case.name} in process", ratio=ratios[1], at_most=AT_MOST_IN_PROCESS))
        measured[case.name] = {"command_s": command, "in_process_s": inside}
    headings = ["model", "command s", "onnx2tf s", "ratio", "in process s", "onnx2tf s", "ratio"]
    m.table(headings, rows)
    m.finish("convert_time", measured, goals)


if __name__ == "__main__":
    main()
