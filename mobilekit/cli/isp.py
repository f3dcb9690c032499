"""``mobilekit isp``: a photo as phones' cameras would have delivered it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mobilekit.cli.options import Json


def isp(
    photo: Annotated[Path, typer.Argument(help="A photo, or a folder, zip or list of them.")],
    profile: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE", help="A camera, or a TOML file; repeatable.", show_default="all of them"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where pictures go.")] = Path("isp"),
    seed: Annotated[int, typer.Option(help="Another seed: other noise and conditions.")] = 0,
    as_json: Json = False,
) -> None:
    """Write pictures of a photo before and after a camera, to look at: what calibration would see."""
    from mobilekit.artifact import digest_of_path
    from mobilekit.calibrate.isp.pictures import write_pictures
    from mobilekit.calibrate.isp.selection import chosen_cameras
    from mobilekit.calibrate.photos import read_photos
    from mobilekit.cli.output import note, print_files, print_json

    cameras = chosen_cameras(profile or ["all"])
    paths = write_pictures(read_photos(photo), cameras, out, seed=seed)
    files = [(path, path.stat().st_size, digest_of_path(path)) for path in paths]
    if as_json:
        print_json(
            {
                "profiles": [{"name": c.name, "about": c.about, "digest": c.digest} for c in cameras],
                "files": [{"path": str(p), "size_bytes": size, "sha256": sha} for p, size, sha in files],
            }
        )
        return
    for camera in cameras:
        note(f"{camera.name}: {camera.about}")
    print_files(files)
