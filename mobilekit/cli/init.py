"""``mobilekit init``: write mobilekit.toml for a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    model: Annotated[Path, typer.Argument(help="The ONNX model.", show_default=False)],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")] = Path("mobilekit.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write mobilekit.toml for a model: what it tells, and "?" for what only its maker knows."""
    from mobilekit.artifact import digest_of_path
    from mobilekit.cli.output import note, print_files
    from mobilekit.starter import write_starter

    places = write_starter(model, out, force=force)
    print_files([(out, out.stat().st_size, digest_of_path(out))])
    if places:
        note("fill in these lines, then run `mobilekit package`:")
    for place in places:
        print(place)
