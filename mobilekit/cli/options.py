"""Options that several commands share, and their parsing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from mobilekit.errors import UsageError

Photos = Annotated[
    Path | None,
    typer.Option(
        "--photos", metavar="DIR", help="Photos to calibrate and check with: a folder, zip or list file."
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="What the model's inputs mean.", show_default="mobilekit.toml"
    ),
]
Shapes = Annotated[
    list[str] | None,
    typer.Option("--shape", metavar="NAME=1,3,512,512", help="Shape of an input with dynamic dimensions."),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="NAME=FILE", help="Data of an input: a .npy file or a folder of them."),
]
Crop = Annotated[
    Literal["center", "face", "none"] | None,
    typer.Option(help="What image inputs show of a photo: its centre, the face, or all of it."),
]
FaceDetector = Annotated[
    Path | None,
    typer.Option("--face-detector", metavar="FILE", help="ONNX model that finds faces, for --crop face."),
]
Camera = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[,NAME]|FILE",
        help="Cameras that calibration photos are taken with (see `mobilekit isp`), or none.",
        show_default="none",
    ),
]
Ranges = Annotated[
    Literal["percentile", "min-max", "mean-extremes", "entropy", "mse"] | None,
    typer.Option(help="How int8 ranges follow from what is observed.", show_default="mse"),
]
Percentile = Annotated[
    float | None,
    typer.Option(metavar="P", help="Per cent of the values inside each end.", show_default="99.999"),
]
Symmetric = Annotated[bool, typer.Option("--symmetric", help="Symmetric int8 ranges: zero points are 0.")]
Jobs = Annotated[
    int, typer.Option(metavar="N", min=1, help="Processes that observe photos; the result is the same.")
]
Plan = Annotated[
    Path | None,
    typer.Option("--plan", metavar="FILE", help="Quantise by this plan.json again, without calibrating."),
]
Statistics = Annotated[
    Path | None,
    typer.Option(
        "--statistics",
        metavar="FILE",
        help="Plan int8 from what `mobilekit calibrate` wrote, without photos.",
    ),
]
Fallback = Annotated[
    str | None,
    typer.Option(
        "--fallback", metavar="onnx2tf", help="Converter for models with operators outside the table."
    ),
]
Npu = Annotated[
    str | None,
    typer.Option(
        "--npu",
        metavar="VENDOR:SOC[,…]",
        help="Compile the NPU's tiers for these chips too, such as qualcomm:SM8650.",
    ),
]
Verify = Annotated[
    Literal["cpu", "all"],
    typer.Option(
        envvar="MOBILEKIT_VERIFY",
        show_envvar=False,
        help="Check files on the CPU alone, or on every accelerator that is here too.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else, to stdout.")]


def parse_shapes(values: Sequence[str] | None) -> dict[str, tuple[int, ...]]:
    """``NAME=1,3,512,512`` as name and shape. Raises UsageError."""
    shapes = {}
    for name, text in _pairs(values, "--shape", "NAME=1,3,512,512"):
        sides = text.replace("x", ",").split(",")
        if not all(side.strip().isdecimal() and int(side) > 0 for side in sides):
            message = f"--shape {name}={text}: positive integers expected, got {text!r}"
            raise UsageError(message, hint="write --shape NAME=1,3,512,512")
        shapes[name] = tuple(int(side) for side in sides)
    return shapes


def parse_inputs(values: Sequence[str] | None) -> dict[str, Path]:
    """``NAME=FILE`` as name and path. Raises UsageError."""
    return {name: Path(text) for name, text in _pairs(values, "--input", "NAME=file.npy")}


def _pairs(values: Sequence[str] | None, flag: str, example: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for value in values or ():
        name, equals, text = value.rpartition("=")  # ONNX names may have "=" in them
        if not (name and equals and text):
            message = f"{flag} {value}: NAME=VALUE expected"
            raise UsageError(message, hint=f"write {flag} {example}")
        if name in dict(pairs):
            message = f"{flag} names {name} twice"
            raise UsageError(message)
        pairs.append((name, text))
    return pairs
