"""Export a checkpoint and measure it: python export.py RUN/last.pt mobilekit/demo/fusion.onnx.

Uses PyTorch's TorchScript exporter at opset 17 without constant folding, so the file holds
what such files hold in practice: norms taken apart, computed Resize sizes, constants as
nodes. Writes results.json and grid.jpg beside this file.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from data import test_pairs
from model import Fusion
from PIL import Image
from torch import nn

from mobilekit.demo.faces import Identity, Scene, render

SIZE = 512
HERE = Path(__file__).parent


def export(model: Fusion, path: Path) -> None:
    """Write the ONNX file: fixed 1×3×512×512 inputs, weights inside."""
    example = torch.zeros(1, 3, SIZE, SIZE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (example, example),
            path,
            input_names=["target", "source"],
            output_names=["fused"],
            opset_version=17,
            do_constant_folding=False,
            dynamo=False,
        )
    onnx.checker.check_model(str(path), full_check=True)


def to_model(picture: np.ndarray) -> np.ndarray:
    """1×3×H×W float32 -1..1 of H×W×3 bytes."""
    return (picture.astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None]


def to_picture(fused: np.ndarray) -> np.ndarray:
    """H×W×3 bytes of 1×3×H×W -1..1."""
    return np.round((fused[0].transpose(1, 2, 0) + 1.0) * 127.5).clip(0, 255).astype(np.uint8)


def psnr(first: np.ndarray, second: np.ndarray, where: np.ndarray | None = None) -> float:
    """PSNR in dB of two byte pictures, over all pixels or where a H×W mask is true."""
    error = np.square((first.astype(np.float64) - second) / 255.0)
    error = error if where is None else error[where]
    return float(-10.0 * np.log10(max(error.mean(), 1e-12)))


def face_mask(scene: Scene) -> np.ndarray:
    """H×W, true in the ellipse of the head."""
    axis = (np.arange(SIZE) + 0.5) * (2.0 / SIZE) - 1.0
    x = (axis - scene.offset_x) / scene.scale / 0.8
    y = (axis[:, None] - scene.offset_y) / scene.scale
    return x**2 + y**2 < 1.0


def multiply_adds(model: Fusion) -> int:
    """Multiply-adds of the convolutions and linear layers for one 512×512 picture pair."""
    total = 0

    def count(module: nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal total
        weight = module.weight
        positions = output.shape[2] * output.shape[3] if isinstance(module, nn.Conv2d) else 1
        total += weight.numel() * positions

    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        model(torch.zeros(1, 3, SIZE, SIZE), torch.zeros(1, 3, SIZE, SIZE))
    for hook in hooks:
        hook.remove()
    return total


def agreement(model: Fusion, session: onnxruntime.InferenceSession) -> float:
    """PSNR in dB between PyTorch and ONNX Runtime on a random unseen pair (peak 2)."""
    target, source = (to_model(render(Identity.sample(k), Scene.sample(k))) for k in (1, 2))
    ours = session.run(None, {"target": target, "source": source})[0]
    with torch.no_grad():
        theirs = model(torch.from_numpy(target), torch.from_numpy(source)).numpy()
    return float(-10 * np.log10(max(np.square((ours - theirs) / 2.0, dtype=np.float64).mean(), 1e-20)))


def evaluate(session: onnxruntime.InferenceSession, count: int) -> tuple[dict[str, float], list[np.ndarray]]:
    """PSNR over unseen pairs, and the rows target | source | fused | truth of the first few."""
    fused_all, fused_face, same_all, same_face, rows = [], [], [], [], []
    for ours, theirs, here, there in test_pairs(count):
        target, source, truth = render(ours, here), render(theirs, there), render(theirs, here)
        fused = to_picture(session.run(None, {"target": to_model(target), "source": to_model(source)})[0])
        mask = face_mask(here)
        fused_all.append(psnr(fused, truth))
        fused_face.append(psnr(fused, truth, mask))
        same_all.append(psnr(target, truth))
        same_face.append(psnr(target, truth, mask))
        if len(rows) < 10:
            rows.append(np.concatenate([target, source, fused, truth], axis=1))
    results = {
        "psnr_mean_db": np.mean(fused_all),
        "psnr_worst_db": np.min(fused_all),
        "psnr_face_mean_db": np.mean(fused_face),
        "trivial_psnr_mean_db": np.mean(same_all),
        "trivial_psnr_face_mean_db": np.mean(same_face),
    }
    return {name: round(float(value), 2) for name, value in results.items()}, rows


def save_grid(rows: list[np.ndarray], path: Path) -> None:
    """Two columns of rows, at a third of the size."""
    half = len(rows) // 2
    sheet = np.concatenate([np.concatenate(rows[:half]), np.concatenate(rows[half:])], axis=1)
    picture = Image.fromarray(sheet)
    picture.resize((picture.width * 3 // 8, picture.height * 3 // 8), Image.Resampling.LANCZOS).save(
        path, quality=88
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("--pairs", type=int, default=64)
    parser.add_argument("--results", type=Path, default=HERE)
    options = parser.parse_args()
    model = Fusion()
    model.load_state_dict(torch.load(options.checkpoint, weights_only=True))
    model.eval()
    export(model, options.onnx)
    session = onnxruntime.InferenceSession(options.onnx, providers=["CPUExecutionProvider"])
    values, rows = evaluate(session, options.pairs)
    results: dict[str, object] = {"unseen_pairs": options.pairs, **values}
    results["torch_against_onnxruntime_db"] = round(agreement(model, session), 1)
    results["parameters"] = sum(p.numel() for p in model.parameters())
    results["multiply_adds"] = multiply_adds(model)
    results["onnx_bytes"] = options.onnx.stat().st_size
    operators = Counter(node.op_type for node in onnx.load(options.onnx).graph.node)
    results["operators"] = dict(sorted(operators.items()))
    (options.results / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    save_grid(rows, options.results / "grid.jpg")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
