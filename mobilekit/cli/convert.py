"""``mobilekit convert``: one model to one format, no project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mobilekit.cli.options import (
    Config,
    Fallback,
    Inputs,
    Json,
    Photos,
    Plan,
    Shapes,
    parse_inputs,
    parse_shapes,
)


def convert(
    model: Annotated[Path, typer.Argument(help="The ONNX model.", show_default=False)],
    to: Annotated[str, typer.Option(metavar="FORMAT", help="The format to write.")] = "tflite",
    precision: Annotated[
        str, typer.Option(metavar="fp32|fp16|int8|int8-dynamic", help="Arithmetic.")
    ] = "fp32",
    photos: Photos = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the file goes.")] = Path("build"),
    shape: Shapes = None,
    input_: Inputs = None,
    config: Config = None,
    io: Annotated[str, typer.Option(metavar="float32|int8", help="Type of inputs and outputs.")] = "float32",
    plan: Plan = None,
    fallback: Fallback = None,
    as_json: Json = False,
) -> None:
    """Convert one model to one format, checked against ONNX Runtime on real inputs."""
    from mobilekit import pipeline
    from mobilekit.cli.output import Bars, print_files, print_json

    with Bars() as bars:
        artifact = pipeline.convert(
            model,
            to=to,
            precision=precision,
            photos=photos,
            out=out,
            shapes=parse_shapes(shape),
            inputs_data=parse_inputs(input_),
            config=config,
            io=io,
            plan=plan,
            fallback=fallback,
            progress=bars,
        )
    if as_json:
        print_json(
            {
                "kind": artifact.kind,
                "path": str(artifact.path),
                "sha256": artifact.digest,
                "meta": artifact.meta,
            }
        )
        return
    print_files([(artifact.path, artifact.path.stat().st_size, artifact.digest)])
