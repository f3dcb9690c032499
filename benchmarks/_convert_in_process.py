"""Times conversions inside one process, after imports and one conversion to warm up.

``python _convert_in_process.py ours|peer MODEL FOLDER REPEAT [INPUTS.json]``, run by the
interpreter of that side; prints a JSON list of seconds as its last line. Each conversion gets a copy
of the model of its own and writes to a folder of its own.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path


def ours(inputs: dict[str, object]) -> Callable[[Path, Path], None]:
    import mobilekit

    return lambda model, out: mobilekit.convert(model, to="tflite", precision="fp32", out=out, inputs=inputs)


def peer() -> Callable[[Path, Path], None]:
    import onnx2tf

    return lambda model, out: onnx2tf.convert(
        input_onnx_file_path=str(model), output_folder_path=str(out), verbosity="error"
    )


def main() -> None:
    side, model, folder, repeat = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    inputs = json.loads(Path(sys.argv[5]).read_text()) if side == "ours" else {}
    convert = ours(inputs) if side == "ours" else peer()
    seconds = []
    for index in range(repeat + 1):
        copy = Path(shutil.copy(model, folder / f"{side}{index}.onnx"))
        started = time.perf_counter()
        convert(copy, folder / f"{side}{index}")
        seconds.append(time.perf_counter() - started)
    print(json.dumps(seconds[1:]))


if __name__ == "__main__":
    main()
