"""``mobilekit run``: execute an artifact on an .npz."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from mobilekit.cli.options import Json

if TYPE_CHECKING:
    from mobilekit.runtimes.acceleration import Precision


def run(
    artifact: Annotated[
        Path, typer.Argument(help="An .onnx or .tflite file, or an .mlpackage folder.", show_default=False)
    ],
    feed: Annotated[
        Path, typer.Option(metavar="IN.npz", help="Inputs: arrays by the ONNX names, in ONNX layout.")
    ],
    out: Annotated[Path | None, typer.Option(metavar="OUT.npz", help="Where to write the outputs.")] = None,
    accelerator: Annotated[str, typer.Option(help="What executes it.")] = "cpu",
    precision: Annotated[
        str | None, typer.Option(metavar="fp32|fp16", help="What a GPU may compute in.", show_default="fp32")
    ] = None,
    as_json: Json = False,
) -> None:
    """Execute an artifact on an .npz: ONNX names, layouts, shapes and types, whatever the file's own are."""
    from mobilekit.artifact import digest_of_path
    from mobilekit.cli.npz import described, read_feed, write_outputs
    from mobilekit.cli.output import note, print_files, print_json
    from mobilekit.runtimes import open_runtime
    from mobilekit.runtimes.acceleration import acceleration_of

    values = read_feed(feed)
    with open_runtime(artifact, accelerator=accelerator, precision=cast("Precision", precision)) as runtime:
        outputs = runtime.run(values)
        name, acceleration = runtime.name, acceleration_of(runtime)
    if out is not None:
        write_outputs(out, outputs)
    summaries = {output: described(array) for output, array in outputs.items()}
    if as_json:
        said = {"acceleration": acceleration.to_json()} if acceleration else {}
        print_json({"runtime": name, **said, "outputs": summaries, "out": str(out) if out else None})
        return
    for output, summary in summaries.items():
        print(f"{output}: " + ", ".join(f"{k} {v}" for k, v in summary.items()))
    note(f"executed by {name}")
    if acceleration is not None:
        note("; ".join(filter(None, [acceleration.summary(), acceleration.note])))
    if out is not None:
        print_files([(out, out.stat().st_size, digest_of_path(out))])
