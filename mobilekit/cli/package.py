"""``mobilekit package``: from a model to packages per tier of a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    Npu,
    Percentile,
    Photos,
    Plan,
    Ranges,
    Shapes,
    Statistics,
    Symmetric,
    Verify,
    parse_inputs,
    parse_shapes,
)


def package(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="The ONNX model; else the one mobilekit.toml names, else the demo.", show_default=False
        ),
    ] = None,
    target: Annotated[str, typer.Option(metavar="NAME|FILE", help="The store, or a TOML file.")] = "android",
    photos: Photos = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where packages go.")] = Path("dist"),
    config: Config = None,
    shape: Shapes = None,
    input_: Inputs = None,
    crop: Crop = None,
    face_detector: FaceDetector = None,
    tier: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this tier; can be given several times.")
    ] = None,
    camera: Camera = None,
    ranges: Ranges = None,
    percentile: Percentile = None,
    symmetric: Symmetric = False,
    jobs: Jobs = 1,
    plan: Plan = None,
    statistics: Statistics = None,
    fallback: Fallback = None,
    npu: Npu = None,
    verify: Verify = "all",
    store: Annotated[Path | None, typer.Option(metavar="DIR", help="Where finished stages are kept.")] = None,
    as_json: Json = False,
) -> None:
    """Make ready packages for every tier of a store: models, manifests, bundles, and a report."""
    from mobilekit import pipeline
    from mobilekit.cli.audit_text import summary_lines
    from mobilekit.cli.output import Bars, note, print_files, print_json
    from mobilekit.cli.photos import opened_photos, summary
    from mobilekit.cli.quality_text import quality_lines

    found = opened_photos(photos)
    with Bars() as bars:
        result = pipeline.package(
            model,
            target=target,
            photos=found,
            out=out,
            config=config,
            shapes=parse_shapes(shape),
            data=parse_inputs(input_),
            crop=crop,
            face_detector=face_detector,
            tiers=tier,
            camera=camera,
            ranges=ranges,
            percentile=percentile,
            symmetric=symmetric,
            jobs=jobs,
            plan=plan,
            statistics=statistics,
            fallback=fallback,
            npu=npu,
            verify=verify,
            store=store,
            progress=bars,
        )
    if photos is not None and found is not None:
        note(summary(photos, len(found), found.skipped))
    if as_json:
        print_json(result.to_dict())
        return
    for built in result.tiers:
        note(f"{built.tier}: {'cached' if built.cached else 'built'}, {built.report['scheme']}")
        for line in quality_lines(built.report):
            note(line)
    for line in summary_lines(result.photos):
        note(line)
    for warning in dict.fromkeys(w for built in result.tiers for w in built.report.get("warnings", ())):
        note(f"note: {warning}")
    print_files(
        (file.path, file.size_bytes, None if file == result.report else file.digest) for file in result.files
    )
