"""``mobilekit inspect``: what is in a model, and what a target will do with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mobilekit.cli.options import Config, Json, Shapes, parse_shapes


def inspect(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="The ONNX model; else the one mobilekit.toml names, else the demo.", show_default=False
        ),
    ] = None,
    target: Annotated[str, typer.Option(metavar="NAME|FILE", help="The store, or a TOML file.")] = "android",
    config: Config = None,
    shape: Shapes = None,
    as_json: Json = False,
) -> None:
    """Show what is in a model and what a target will do with every operator, converting nothing.

    Exit code 20 if the target refuses operators, once everything is printed.
    """
    from mobilekit import pipeline
    from mobilekit.cli.inspection_text import lines
    from mobilekit.cli.output import print_json
    from mobilekit.errors import UnsupportedOperatorError

    inspection = pipeline.inspect(model, target=target, config=config, shapes=parse_shapes(shape))
    if as_json:
        print_json(inspection.to_dict())
    for line in () if as_json else lines(inspection):
        print(line)
    if inspection.refusals:
        operators = f"{len(inspection.refusals)} operator{'s' if len(inspection.refusals) > 1 else ''}"
        message = f"target {inspection.target} cannot have {inspection.path} as it is: {operators} refused"
        hint = inspection.hint if as_json else ""  # the text has it
        raise UnsupportedOperatorError(message, hint=hint, refusals=inspection.refusals)
