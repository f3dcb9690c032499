"""A cold ``mobilekit package --target android`` of the demo against onnx2tf's int8 conversion of it.

mobilekit makes every tier (int8, fp16 and the light one), checks them on the processor (--verify cpu: not
every machine has a GPU, and a software one takes longer than all else) and writes bundles; onnx2tf
makes its files through TensorFlow's converter (``-tb tf_converter -oiqt``), calibrated with the half
of the same photos that mobilekit calibrates with. Whole processes, empty stage store; memory is the
peak of the resident memory summed over the process tree. --busy compares processor times.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import _measure as m

AT_MOST_TIME = 0.2
AT_MOST_MEMORY = 0.5


def calibration_arguments(case: m.Case, photos: Path, folder: Path) -> list[str]:
    """The inputs of the calibration half as onnx2tf takes them: NHWC .npy files in 0…1, mean, std."""
    import numpy as np

    calibration, _ = m.split_samples(case, photos)
    feeds = [dict(feed) for feed in calibration]
    words = []
    for name, said in case.inputs.items():
        low, high = said["range"]
        stacked = np.concatenate([feed[name] for feed in feeds]).transpose(0, 2, 3, 1)
        np.save(folder / f"{name}.npy", ((stacked - low) / (high - low)).astype(np.float32))
        mean, std = -low / (high - low), 1.0 / (high - low)
        words += ["-cind", name, f"{name}.npy", f"[[[[{mean}]]]]", f"[[[[{std}]]]]"]
    return words


def ours(given: argparse.Namespace, folder: Path) -> m.Ran:
    """The package command in an empty folder, with an empty store."""
    folder.mkdir()
    words = ["package", "--target", "android", "--verify", "cpu", "--photos", str(given.photos)]
    words += ["--out", "dist"]
    words += ["--verify", "cpu"]  # the peer runs nothing on an accelerator
    return m.checked(m.run([*m.MOBILEKIT, *words], cwd=folder, cache=folder / "cache"), "mobilekit package")


def theirs(given: argparse.Namespace, case: m.Case, folder: Path) -> m.Ran:
    """onnx2tf's int8 conversion; it may fail after the time and memory are spent, which is said."""
    model = case.place(folder)
    words = ["-i", model.name, "-o", "out", "-tb", "tf_converter", "-oiqt"]
    words += calibration_arguments(case, given.photos, folder)
    command = [given.peer_python, "-c", "from onnx2tf import main; main()", *words]
    ran = m.run(command, cwd=folder, cache=folder / "cache")
    written = sorted(path.name for path in (folder / "out").glob("*integer_quant*.tflite"))
    if ran.code != 0 or not written:
        print(f"onnx2tf ended with exit code {ran.code} and wrote {written or 'no int8 file'}:")
        print("\n".join(ran.output.splitlines()[-15:]))
    return ran


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this benchmark alone."""
    busy = "compare processor times: ratios on a machine that does other things"
    parser.add_argument("--busy", action="store_true", help=busy)


def main() -> None:
    given = m.arguments(__doc__ or "", repeat=1, more=add_arguments)
    given.models, given.only = None, None
    case = m.cases(given)[0]
    ran: dict[str, list[m.Ran]] = {"ours": [], "peer": []}
    with m.scratch() as folder:
        for index in range(given.repeat):
            ran["ours"].append(ours(given, folder / f"ours{index}"))
            ran["peer"].append(theirs(given, case, folder / f"peer{index}"))
    wall = {side: statistics.median(r.seconds for r in runs) for side, runs in ran.items()}
    processor = {side: statistics.median(r.processor_seconds for r in runs) for side, runs in ran.items()}
    peak = {side: statistics.median(r.peak_bytes for r in runs) for side, runs in ran.items()}
    what, seconds = ("processor time", processor) if given.busy else ("time", wall)
    rows = [
        ["time s", wall["ours"], wall["peer"], wall["ours"] / wall["peer"]],
        ["processor time s", processor["ours"], processor["peer"], processor["ours"] / processor["peer"]],
        ["peak memory MB", peak["ours"] / 1e6, peak["peer"] / 1e6, peak["ours"] / peak["peer"]],
    ]
    m.table(["cold package", "mobilekit", "onnx2tf", "ratio"], rows)
    goals = [
        m.Goal(what=what, ratio=seconds["ours"] / seconds["peer"], at_most=AT_MOST_TIME),
        m.Goal(what="peak memory", ratio=peak["ours"] / peak["peer"], at_most=AT_MOST_MEMORY),
    ]
    measured = {"seconds": wall, "processor_seconds": processor, "peak_bytes": peak}
    m.finish("package_cold", measured, goals)


if __name__ == "__main__":
    main()
