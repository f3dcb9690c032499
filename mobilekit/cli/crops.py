"""``mobilekit crops``: what each input of a model shows of photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mobilekit.cli.options import Config, Crop, FaceDetector, Json, Shapes, parse_shapes


def crops(
    photos: Annotated[
        Path,
        typer.Option("--photos", metavar="DIR", help="A folder, zip or list of photos.", show_default=False),
    ],
    model: Annotated[
        Path | None,
        typer.Argument(help="The ONNX model; else the one mobilekit.toml names.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where pictures go.")] = Path("crops"),
    config: Config = None,
    shape: Shapes = None,
    crop: Crop = None,
    face_detector: FaceDetector = None,
    store: Annotated[Path | None, typer.Option(metavar="DIR", help="Where finished stages are kept.")] = None,
    as_json: Json = False,
) -> None:
    """Write what each input shows of the photos, to look at before calibrating; and their manifest."""
    from mobilekit.artifact import digest_of_path
    from mobilekit.cli.output import Bars, note, print_files, print_json
    from mobilekit.cli.photos import opened_photos, summary
    from mobilekit.pipeline.cropping import crops as write_crops

    found = opened_photos(photos)
    assert found is not None
    with Bars() as bars:
        result = write_crops(
            model,
            photos=found,
            out=out,
            config=config,
            shapes=parse_shapes(shape),
            crop=crop,
            face_detector=face_detector,
            store=store,
            progress=bars,
        )
    note(summary(photos, len(found), found.skipped))
    if as_json:
        print_json(
            {
                "folders": {str(folder): count for folder, count in result.folders.items()},
                "manifest": str(result.manifest) if result.manifest else None,
                "without_face": list(result.faceless),
            }
        )
        return
    if result.faceless:
        note(f"no face found on: {', '.join(result.faceless)}")
    for folder, count in result.folders.items():
        note(f"{folder}/  {count} pictures")
    if result.manifest is not None:
        size = result.manifest.stat().st_size
        print_files([(result.manifest, size, digest_of_path(result.manifest))])
