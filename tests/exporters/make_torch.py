"""Write torch/*.onnx: every block and pattern through both exporters of PyTorch, at several opsets.

Run from the repository's root, in an environment with torch, onnx and onnxscript:
    python tests/exporters/make_torch.py [names]
"""

import contextlib
import io
import logging
import sys
import warnings
from pathlib import Path

import onnx
import torch
from torch_blocks import BLOCKS
from torch_patterns import PATTERNS

HERE = Path(__file__).parent
TRACED = {"ts9": 9, "ts11": 11, "ts13": 13, "ts17": 17}
"""TorchScript; opset 11 without constant folding, and with training-mode graphs kept (BatchNorm stays)."""
CAPTURED = {"dynamo18": 18, "dynamo23": 23}
UNFOLDED = {"ts11"}
# One exporter's spelling is another's at the next opset: single patterns are kept at these only.
FOR_PATTERNS = ("ts11", "dynamo18")
NEWEST = ("adain", "convnext", "unet", "vit_fused")
"""The blocks that opset 23 writes with other operators than opset 18, and two more."""


def names(function, count: int) -> list[str]:
    return ["x", "style", "more"][:count]


def build(make) -> torch.nn.Module:
    torch.manual_seed(0)
    model = make().eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            with torch.no_grad():
                module.running_mean.uniform_(-0.5, 0.5)
                module.running_var.uniform_(0.5, 1.5)
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.5, 0.5)
    return model


def export(name: str, make, feed, style: str, path: Path) -> None:
    model, inputs = build(make), feed()
    common = {"input_names": names(model, len(inputs))}
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if style in TRACED:
            folded = style not in UNFOLDED
            torch.onnx.export(
                model, inputs, str(path), dynamo=False, opset_version=TRACED[style], do_constant_folding=folded,
                training=torch.onnx.TrainingMode.EVAL if folded else torch.onnx.TrainingMode.PRESERVE, **common,
            )  # fmt: skip
        else:
            torch.onnx.export(
                model,
                inputs,
                str(path),
                dynamo=True,
                opset_version=CAPTURED[style],
                external_data=False,
                **common,
            )
    path.write_bytes(stripped(path))


def stripped(path: Path) -> bytes:
    """Without stack traces and types of inner values: 3 times smaller, the same graph."""
    model = onnx.load(path)
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    for graph in (model.graph, *model.functions):
        for node in graph.node:
            del node.metadata_props[:]
            node.doc_string = ""
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    return model.SerializeToString(deterministic=True)


def main(chosen: list[str]) -> None:
    logging.disable(logging.WARNING)
    folder = HERE / "torch"
    folder.mkdir(exist_ok=True)
    for group, styles in ((BLOCKS, (*TRACED, *CAPTURED)), (PATTERNS, FOR_PATTERNS)):
        for name, (make, feed) in group.items():
            for style in styles if not chosen or name in chosen else ():
                if style == "dynamo23" and name not in NEWEST:
                    continue
                path = folder / f"{name}.{style}.onnx"
                try:
                    export(name, make, feed, style, path)
                except Exception as error:  # noqa: BLE001 - an exporter's own limit, told and left out
                    path.unlink(missing_ok=True)
                    print(f"{path.name}: {type(error).__name__}: {str(error).splitlines()[0][:120]}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
