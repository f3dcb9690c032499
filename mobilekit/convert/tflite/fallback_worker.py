"""The script that runs in the environment that has onnx2tf: ``python -P fallback_worker.py JOB.json``.

It needs nothing but the standard library and onnx2tf. The job is ``{"model", "output"}``: an ONNX
file of its own (onnx2tf overwrites it) and a folder; the answer is ``result.json`` in that folder:
``{"tflite", "version"}``, or ``{"missing"}`` if onnx2tf cannot be imported. Any other end, exit
codes included (onnx2tf calls ``sys.exit`` in more than a hundred places), is for the parent to judge.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(job_file: str) -> None:
    """Convert one model with onnx2tf's direct backend."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    output = Path(job["output"])
    try:
        import onnx2tf
    except ImportError as error:
        _answer(output, {"missing": str(error)})
        return
    onnx2tf.convert(
        input_onnx_file_path=job["model"],
        output_folder_path=str(output),
        tflite_backend="flatbuffer_direct",
        verbosity="error",
    )
    written = output / f"{Path(job['model']).stem}_float32.tflite"
    _answer(output, {"tflite": str(written), "version": getattr(onnx2tf, "__version__", "unknown")})


def _answer(output: Path, answer: dict[str, str]) -> None:
    output.mkdir(parents=True, exist_ok=True)
    (output / "result.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
