"""What a comparison found: values only, ready for ``report.json``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mobilekit.tensors import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupParity:
    """The photos of one skin-tone group: their number, mean PSNR in dB (None: identical), mean ΔE2000."""

    photos: int
    psnr_mean: float | None
    delta_e_mean: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"photos": self.photos, "psnr_mean": _json(self.psnr_mean), "delta_e_mean": self.delta_e_mean}


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureParity:
    """An image output over all samples, both clipped to black and white.

    ``ssim_mean`` is that of the photos' luminance; ``delta_e_mean`` and ``delta_e_p99`` are over pixels;
    ``bias`` is the mean error per channel (red, green, blue, or grey) in shares of the range, signed.
    ``groups`` are skin-tone groups; photos without skin are in none. ``pixel_error_max``, of a candidate
    that ends in pixels: the largest error of any, in steps of 8 bits.
    """

    ssim_mean: float
    delta_e_mean: float
    delta_e_p99: float
    bias: tuple[float, ...]
    groups: Mapping[str, GroupParity] = field(default_factory=dict)
    pixel_error_max: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "ssim_mean": self.ssim_mean,
            "delta_e_mean": self.delta_e_mean,
            "delta_e_p99": self.delta_e_p99,
            "bias": list(self.bias),
            "groups": {name: group.to_dict() for name, group in sorted(self.groups.items())},
            "pixel_error_max": self.pixel_error_max,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputParity:
    """One output over all samples; PSNR in dB as in :func:`mobilekit.metrics.psnr`, per sample.

    ``psnr_mean`` and ``psnr_worst`` are over the samples that are not identical, None if all are.
    ``mismatch`` is the worst sample's share of unequal elements, for integers and booleans only.
    ``nan`` says that the candidate is NaN or infinite where the reference is not (as often as that
    is so in the worst sample, 0…1); ``constant`` in how many samples the candidate is one single
    value and the reference is not. ``last_bits``: no sample of a float differs by more than some roundings of
    numbers of its magnitude.
    """

    name: str
    dtype: DType
    shape: tuple[int, ...]
    psnr_mean: float | None
    psnr_worst: float | None
    worst_sample: int | None
    max_abs_error: float
    mismatch: float | None
    samples: int
    identical: int
    nan: float
    constant: int
    last_bits: bool = False
    picture: PictureParity | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON; −inf (a NaN in the candidate) is the string ``"-inf"``."""
        return {
            "name": self.name,
            "dtype": self.dtype.value,
            "shape": list(self.shape),
            "psnr_db": {"mean": _json(self.psnr_mean), "worst": _json(self.psnr_worst)},
            "worst_sample": self.worst_sample,
            "max_abs_error": _json(self.max_abs_error),
            "mismatch": self.mismatch,
            "samples": self.samples,
            "identical": self.identical,
            "nan": self.nan,
            "constant": self.constant,
            "picture": self.picture.to_dict() if self.picture else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityReport:
    """The comparison of ``candidate`` with ``reference`` (what really executed them) on ``samples``.

    ``float32_limit_db`` is there where the tolerance asks for more than float32 can give for this
    model: per output the PSNR that disturbing its roundings costs (:mod:`mobilekit.runtimes.rounding`).
    """

    reference: str
    candidate: str
    samples: int
    outputs: tuple[OutputParity, ...]
    float32_limit_db: Mapping[str, float] = field(default_factory=dict)

    @property
    def psnr_worst(self) -> float | None:
        """The worst sample's PSNR of the worst output, in dB; None if all are identical."""
        return min((o.psnr_worst for o in self.outputs if o.psnr_worst is not None), default=None)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, for ``report.json``."""
        return {
            "reference": self.reference,
            "candidate": self.candidate,
            "samples": self.samples,
            "outputs": [output.to_dict() for output in self.outputs],
            **({"float32_limit_db": dict(self.float32_limit_db)} if self.float32_limit_db else {}),
        }


def _json(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)
