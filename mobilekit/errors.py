"""What can go wrong, as one exception tree with one exit code per cause.

::

    MobilekitError                          1   anything else of ours
    ├── UsageError                          2   flags or keywords that do not fit together
    ├── ModelError                              the ONNX model itself
    │   ├── ModelFileError                 10   missing, not ONNX, truncated
    │   ├── UnknownOpsetError              11   an opset or a domain nobody here knows
    │   ├── ExternalDataError              12   weights outside the model's folder, or missing
    │   ├── InvalidWeightsError            13   NaN or infinity in the weights
    │   └── ShapeError                     14   dynamic dimensions without a value
    ├── UnsupportedOperatorError           20   an operator (or attribute) without an exact lowering
    ├── DisagreementError                       a result that differs from ONNX Runtime's
    │   ├── PassDisagreementError          30   a normalise or legalise pass changed the result
    │   ├── ConversionDisagreementError    31   the converted file computes something else
    │   ├── UnsoundArtifactError           32   the converted file crashes or returns NaN
    │   └── BudgetError                    33   quality outside the tier's budget
    ├── DataError                               what the models are fed
    │   ├── PhotoError                     40   not an image, truncated, too large, too small
    │   ├── MissingPhotosError             41   calibration without photos
    │   └── InputDataError                 42   array inputs without data, or of another shape
    ├── ConfigError                             what the user wrote down
    │   ├── DescriptionError               50   mobilekit.toml (file, line and key are named)
    │   ├── TargetError                    51   a target file
    │   ├── UnknownTierError               52   a tier that the target does not have
    │   ├── PlanError                      53   a plan.json of another graph, or damaged
    │   └── CameraError                    54   a camera's profile
    ├── OutputError                        60   the output folder is unwritable or full
    ├── StoreError                         61   the stage store is unusable
    └── EnvironmentProblem                      this machine
        ├── MissingToolError               70   an optional library is not installed
        ├── WorkerError                    71   a worker process died or hung
        └── AcceleratorError               72   an accelerator that is not there or refuses
"""

from __future__ import annotations

from typing import ClassVar, Literal


class MobilekitError(Exception):
    """An error shown to the user as ``error: message`` and ``hint: hint``.

    ``message`` says what, where (file, line, node, tensor), got and expected; ``hint`` what to do.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class UsageError(MobilekitError):
    """Flags or keywords that do not fit together."""

    exit_code = 2


class ModelError(MobilekitError):
    """The ONNX model itself cannot be used."""


class ModelFileError(ModelError):
    """The model file is missing, is not ONNX, or is truncated."""

    exit_code = 10


class UnknownOpsetError(ModelError):
    """An opset version or an operator domain that is not known."""

    exit_code = 11


class ExternalDataError(ModelError):
    """External data is missing or lies outside the model's folder."""

    exit_code = 12


class InvalidWeightsError(ModelError):
    """Weights hold NaN or infinity."""

    exit_code = 13


class ShapeError(ModelError):
    """Dynamic dimensions that nothing fixes, or a shape that does not fit."""

    exit_code = 14


class UnsupportedOperatorError(MobilekitError):
    """An operator, or an attribute of it, has no exact lowering for the target.

    ``refusals`` holds one line per refused node.
    """

    exit_code = 20

    def __init__(self, message: str, *, hint: str = "", refusals: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.refusals = refusals or (message,)


class DisagreementError(MobilekitError):
    """A result differs from ONNX Runtime's by more than the tolerance."""


class PassDisagreementError(DisagreementError):
    """A normalise or legalise pass changed what the model computes."""

    exit_code = 30


class ConversionDisagreementError(DisagreementError):
    """The converted file computes something else than the model."""

    exit_code = 31


class UnsoundArtifactError(DisagreementError):
    """The converted file crashes, or returns NaN where the model does not."""

    exit_code = 32


class BudgetError(DisagreementError):
    """A tier's quality is outside its budget."""

    exit_code = 33


class DataError(MobilekitError):
    """What the model is fed cannot be used."""


class PhotoError(DataError):
    """A photo is not an image, truncated, too large or too small."""

    exit_code = 40


class MissingPhotosError(DataError):
    """Calibration was asked for without photos."""

    exit_code = 41


class InputDataError(DataError):
    """An array input has no data, or data of another shape or type."""

    exit_code = 42


class ConfigError(MobilekitError):
    """A file that the user wrote is wrong; file, line and key are named."""


class DescriptionError(ConfigError):
    """``mobilekit.toml`` (or an ``inputs`` keyword) is wrong or unfinished."""

    exit_code = 50


class TargetError(ConfigError):
    """A target file is wrong."""

    exit_code = 51


class UnknownTierError(ConfigError):
    """The target has no tier of that name."""

    exit_code = 52


class PlanError(ConfigError):
    """A plan file is damaged or belongs to another graph."""

    exit_code = 53


class CameraError(ConfigError):
    """A camera's profile is wrong, or there is none of that name."""

    exit_code = 54


class OutputError(MobilekitError):
    """The output folder is unwritable or full."""

    exit_code = 60


class StoreError(MobilekitError):
    """The stage store is unusable."""

    exit_code = 61


class EnvironmentProblem(MobilekitError):
    """Something about this machine."""


class MissingToolError(EnvironmentProblem):
    """An optional library or program is not installed."""

    exit_code = 70


class WorkerError(EnvironmentProblem):
    """A worker process died or hung."""

    exit_code = 71


class AcceleratorError(EnvironmentProblem):
    """An accelerator is not there, or refuses the file.

    ``cause`` is ``refused`` where it takes nothing of the file, ``hung`` where it took too long; empty
    for anything else (it is not there, it crashed).
    """

    exit_code = 72

    def __init__(self, message: str, *, hint: str = "", cause: Literal["", "refused", "hung"] = "") -> None:
        super().__init__(message, hint=hint)
        self.cause = cause
