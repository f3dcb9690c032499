"""``python _peer_packages.py FOLDER WAY MODEL``: an .mlpackage by way of onnx2tf's SavedModel.

Run by the interpreter of an environment with onnx2tf, TensorFlow and coremltools: onnx2tf writes a
SavedModel, coremltools' TensorFlow frontend converts that, in float16 for iOS 17 as we do. The model
is copied first: onnx2tf overwrites what it is given. Ends with 1 and a line that says why it failed.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

WAYS: dict[str, dict[str, object]] = {
    "direct": {"flatbuffer_direct_output_saved_model": True},
    "tf_converter": {"tflite_backend": "tf_converter", "output_signaturedefs": True},
    "tf_converter, not strict": {
        "tflite_backend": "tf_converter",
        "output_signaturedefs": True,
        "disable_strict_mode": True,
    },
}
"""onnx2tf's ways to a SavedModel. Strict, as it is by default, it tries every pair of transpositions
of an operator's operands on real values (576 of two maps): minutes for a network of large ones."""
REFUSED = "cannot convert: "
_LONGEST = 200


def main() -> int:
    folder, way, model = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    folder.mkdir(parents=True)
    try:
        made = convert(Path(shutil.copy(model, folder / model.name)), WAYS[way])
        made.save(str(folder / f"{model.stem}.mlpackage"))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it ends with
        said = [line.strip() for line in str(error).splitlines() if line.strip()]
        print(f"{REFUSED}{type(error).__name__}: {said[-1] if said else ''}"[:_LONGEST])
        return 1
    return 0


def convert(model: Path, options: dict[str, object]) -> Any:
    """The Core ML model of the SavedModel that onnx2tf makes of ``model``."""
    import coremltools
    import onnx2tf

    saved = model.parent / "saved"
    onnx2tf.convert(
        input_onnx_file_path=str(model), output_folder_path=str(saved), verbosity="error", **options
    )
    return coremltools.convert(
        str(saved),
        source="tensorflow",
        convert_to="mlprogram",
        minimum_deployment_target=coremltools.target.iOS17,
    )


if __name__ == "__main__":
    sys.exit(main())
