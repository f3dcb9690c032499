"""``mobilekit convert``: one model to one format, no project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mobilekit.cli.options import (
    Camera,
    Config,
    Crop,
    FaceDetector,
    Fallback,
    Inputs,
    Jobs,
    Json,
    Percentile,
    Photos,
    Plan,
    Ranges,
    Shapes,
    Statistics,
    Symmetric,
    parse_inputs,
    parse_shapes,
)


def convert(
    model: Annotated[Path, typer.Argument(help="The ONNX model.", show_default=False)],
    to: Annotated[
        Literal["tflite", "coreml", "onnx-qdq"], typer.Option(help="The format to write.")
    ] = "tflite",
    precision: Annotated[
        Literal["fp32", "fp16", "int8", "w8a16", "int8-dynamic"], typer.Option(help="Arithmetic of the file.")
    ] = "fp32",
    photos: Photos = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the file goes.")] = Path("build"),
    shape: Shapes = None,
    input_: Inputs = None,
    crop: Crop = None,
    face_detector: FaceDetector = None,
    config: Config = None,
    io: Annotated[
        Literal["float32", "int8", "image"],
        typer.Option(help="Inputs and outputs: int8 in TFLite, image for pixel buffers in Core ML."),
    ] = "float32",
    opset: Annotated[
        Literal["iOS15", "iOS16", "iOS17", "iOS18"],
        typer.Option(help="The oldest iOS that a Core ML package is for."),
    ] = "iOS17",
    compression: Annotated[
        Literal["none", "int8", "palette6", "palette4"],
        typer.Option(help="Large weights of a Core ML package in fewer bits."),
    ] = "none",
    camera: Camera = None,
    ranges: Ranges = None,
    percentile: Percentile = None,
    symmetric: Symmetric = False,
    jobs: Jobs = 1,
    plan: Plan = None,
    statistics: Statistics = None,
    fallback: Fallback = None,
    as_json: Json = False,
) -> None:
    """Convert one model to one format, checked against ONNX Runtime on real inputs."""
    from mobilekit import pipeline
    from mobilekit.artifact import size_of_path
    from mobilekit.cli.output import Bars, note, print_files, print_json
    from mobilekit.cli.photos import opened_photos, summary
    from mobilekit.cli.quality_text import quality_lines

    found = opened_photos(photos)
    with Bars() as bars:
        artifact = pipeline.convert(
            model,
            to=to,
            precision=precision,
            photos=found,
            out=out,
            shapes=parse_shapes(shape),
            data=parse_inputs(input_),
            crop=crop,
            face_detector=face_detector,
            config=config,
            io=io,
            opset=opset,
            compression=compression,
            camera=camera,
            ranges=ranges,
            percentile=percentile,
            symmetric=symmetric,
            jobs=jobs,
            plan=plan,
            statistics=statistics,
            fallback=fallback,
            progress=bars,
        )
    if photos is not None and found is not None:
        note(summary(photos, len(found), found.skipped))
    if as_json:
        print_json(
            {
                "kind": artifact.kind,
                "path": str(artifact.path),
                "size_bytes": size_of_path(artifact.path),
                "sha256": artifact.digest,
                "meta": artifact.meta,
            }
        )
        return
    note(f"{artifact.path.name}: {artifact.meta['scheme']}")
    for line in quality_lines(artifact.meta):
        note(line)
    for warning in artifact.meta.get("warnings", ()):
        note(f"note: {warning}")
    print_files([(artifact.path, size_of_path(artifact.path), artifact.digest)])
