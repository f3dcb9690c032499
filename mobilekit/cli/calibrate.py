"""``mobilekit calibrate``: what photos cover, and statistics to plan from without them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mobilekit.cli.options import (
    Camera,
    Config,
    Crop,
    FaceDetector,
    Inputs,
    Jobs,
    Json,
    Percentile,
    Photos,
    Ranges,
    Shapes,
    Symmetric,
    parse_inputs,
    parse_shapes,
)
from mobilekit.errors import UsageError


def calibrate(
    model: Annotated[
        list[Path] | None,
        typer.Argument(
            help="The ONNX model; else the one mobilekit.toml names, else the demo. With --merge: files.",
            show_default=False,
        ),
    ] = None,
    photos: Photos = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|FILE",
            help="Where files go; with --merge the file itself.",
            show_default="calibration",
        ),
    ] = None,
    merge: Annotated[bool, typer.Option("--merge", help="Merge statistics of shards of the photos.")] = False,
    like: Annotated[
        Path | None,
        typer.Option("--like", metavar="FILE", help="Statistics of another shard, to be merged with."),
    ] = None,
    config: Config = None,
    shape: Shapes = None,
    input_: Inputs = None,
    crop: Crop = None,
    face_detector: FaceDetector = None,
    camera: Camera = None,
    ranges: Ranges = None,
    percentile: Percentile = None,
    symmetric: Symmetric = False,
    jobs: Jobs = 1,
    store: Annotated[Path | None, typer.Option(metavar="DIR", help="Where finished stages are kept.")] = None,
    as_json: Json = False,
) -> None:
    """Show what photos cover and lack, and write what they show of a model as statistics to plan from."""
    from mobilekit import pipeline
    from mobilekit.cli.audit_text import audit_lines, coverage_table, stability_lines
    from mobilekit.cli.output import Bars, note, print_files, print_json, print_table
    from mobilekit.cli.photos import opened_photos, summary

    named = model or []
    if merge:
        merged = pipeline.merge_statistics(named, out=_file(out))
        if as_json:
            print_json(merged.to_dict())
        print_files([(merged.path, merged.size_bytes, merged.digest)])
        return
    if len(named) > 1:
        message = f"{len(named)} models are named, one expected"
        raise UsageError(message, hint="calibrate one model at a time; --merge takes several statistics")
    found = opened_photos(photos)
    with Bars() as bars:
        result = pipeline.calibrate(
            named[0] if named else None,
            photos=found,
            out=out if out is not None else Path("calibration"),
            config=config,
            shapes=parse_shapes(shape),
            data=parse_inputs(input_),
            crop=crop,
            face_detector=face_detector,
            camera=camera,
            ranges=ranges,
            percentile=percentile,
            symmetric=symmetric,
            jobs=jobs,
            like=like,
            store=store,
            progress=bars,
        )
    if photos is not None and found is not None:
        note(summary(photos, len(found), found.skipped))
    if as_json:
        print_json(result.to_dict())
        return
    if result.audit is not None:
        print_table(coverage_table(result.audit))
        for line in audit_lines(result.audit):
            print(line)
    for line in stability_lines(result.stability):
        print(line)
    print_files((file.path, file.size_bytes, file.digest) for file in result.files)


def _file(out: Path | None) -> Path:
    """Where merged statistics go. Raises UsageError without a name."""
    if out is None:
        message = "--merge needs the name of the file to write"
        raise UsageError(message, hint="mobilekit calibrate --merge a.json b.json --out all.json")
    return out
