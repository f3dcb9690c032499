"""Write pnnx/*.onnx: blocks and patterns through pnnx.

pnnx reads TorchScript, recognises modules and writes a Python file; that file's ``export_onnx`` writes ONNX of
opset 13. (The ``.pnnx.onnx`` beside it is a drawing for viewers: it has operators of pnnx's own.)

Run from the repository's root, in an environment with torch, pnnx and onnx:
    python tests/exporters/make_pnnx.py
"""

import contextlib
import importlib.util
import io
import os
import tempfile
import warnings
from pathlib import Path

import onnx
import pnnx
import torch
from make_torch import build, stripped
from torch_blocks import BLOCKS
from torch_patterns import PATTERNS

HERE = Path(__file__).resolve().parent
CHOSEN = (
    "unet", "resnet", "mobilenetv3", "convnext", "swin", "adain", "style_transfer", "modulated", "grid", "anchors",
    "instance_norm", "layer_norm_flat", "group_norm_written", "pixel_shuffle_written", "channel_shuffle",
    "reflect_sliced", "up_expand", "split_unequal", "activations",
)  # fmt: skip


def export(name: str, work: Path) -> bytes:
    make, feed = {**BLOCKS, **PATTERNS}[name]
    pnnx.export(build(make), str(work / "m.pt"), feed(), fp16=False)
    spec = importlib.util.spec_from_file_location("written", work / "m_pnnx.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    original = torch.onnx.export
    torch.onnx.export = lambda *a, **k: original(*a, **{**k, "dynamo": False})  # what it was before torch 2.9
    try:
        module.export_onnx()
    finally:
        torch.onnx.export = original
    written = next(work.glob("*_pnnx.py.onnx"))
    onnx.checker.check_model(str(written))
    return stripped(written)


def main() -> None:
    folder = HERE / "pnnx"
    folder.mkdir(exist_ok=True)
    start = Path.cwd()
    for name in CHOSEN:
        target, message = folder / f"{name}.onnx", ""
        with tempfile.TemporaryDirectory() as work, contextlib.redirect_stdout(io.StringIO()):
            os.chdir(work)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    target.write_bytes(export(name, Path(work)))
            except Exception as error:  # noqa: BLE001 - an exporter's own limit, told and left out
                target.unlink(missing_ok=True)
                message = f"{name}: {type(error).__name__}: {str(error)[:150]}"
            os.chdir(start)
        if message:
            print(message)  # noqa: T201


if __name__ == "__main__":
    main()
