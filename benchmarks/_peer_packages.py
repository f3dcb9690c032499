"""``python _peer_packages.py FOLDER MODEL…``: .mlpackages by way of onnx2tf's SavedModel.

Run by the interpreter of an environment with onnx2tf, TensorFlow and coremltools: onnx2tf writes a
SavedModel, coremltools' TensorFlow frontend converts that, in float16 for iOS 17 as we do. The models
are copied first: onnx2tf overwrites what it is given. What fails is skipped, and said.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


BACKENDS: dict[str, dict[str, object]] = {
    "direct": {"flatbuffer_direct_output_saved_model": True},
    "tf_converter": {"tflite_backend": "tf_converter", "output_signaturedefs": True},
}
"""onnx2tf's two ways to a SavedModel."""


def main() -> None:
    folder = Path(sys.argv[1])
    for model in map(Path, sys.argv[2:]):
        for backend, options in BACKENDS.items():
            work = folder / model.stem / backend
            work.mkdir(parents=True)
            try:
                convert(Path(shutil.copy(model, work / model.name)), options).save(
                    str(work / f"{model.stem}.mlpackage")
                )
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it ends with, the next one is tried
                print(f"cannot convert {model.name}, {backend}: {type(error).__name__}: {error}"[:1200])


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
    main()
