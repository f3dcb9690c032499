"""``python _peer_files.py FOLDER MODEL…``: onnx2tf's files of several models, from one process.

Run by the interpreter of an environment with onnx2tf. The models are copied first: onnx2tf overwrites
what it is given. A model that it cannot convert is skipped, and said.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def main() -> None:
    import onnx2tf

    folder = Path(sys.argv[1])
    for model in map(Path, sys.argv[2:]):
        copy = Path(shutil.copy(model, folder / model.name))
        try:
            onnx2tf.convert(
                input_onnx_file_path=str(copy), output_folder_path=str(folder / "out"), verbosity="error"
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it ends with, the next one is tried
            print(f"onnx2tf cannot convert {model.name}: {type(error).__name__}: {error}"[:300])


if __name__ == "__main__":
    main()
