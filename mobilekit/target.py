"""A target: the store that a package is for, its tiers, and how good a variant must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Literal

from mobilekit.errors import UnknownTierError

if TYPE_CHECKING:
    from mobilekit.tier import Accelerator, Precision, Tier

Format = Literal["tflite", "coreml"]
Opset = Literal["iOS15", "iOS16", "iOS17", "iOS18"]
"""The Core ML version that a package is for: its devices have this iOS or a later one."""

COMPRESSING: tuple[Opset, ...] = ("iOS16", "iOS17")
"""Those whose packages can have compressed weights; later devices load them too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The least quality of a variant against ONNX Runtime in float32, per output; None: not asked.

    ``psnr_mean`` and ``psnr_worst`` in dB over the scoring photos, for float outputs;
    ``mismatch_max`` is the largest share of elements of an integer or boolean output that may differ.

    The others are for outputs described as images: ``picture_psnr_mean`` and ``picture_psnr_worst`` ask
    more of them than of any float output; ``ssim_mean`` is a least structural similarity;
    ``delta_e_mean`` and ``delta_e_p99`` the greatest CIEDE2000 difference in the mean and at the 99th
    percentile of the pixels; ``bias_max`` the greatest mean error of a colour channel, as a share of
    the range; ``group_psnr_mean`` and ``group_delta_e_mean`` hold for the photos of each skin-tone
    group that has a few. ``pixel_error_max`` is the largest error of a picture that leaves the file in
    8 bits (``io = "image"``), in steps of them: half a step is their rounding, whatever the contrast,
    so where it is stated PSNR is not asked of such a picture. ``float_share_max`` is the largest share of
    the multiply-accumulates that a search may leave in float (1: all, 0: nothing is searched).
    """

    psnr_mean: float | None = None
    psnr_worst: float | None = None
    mismatch_max: float | None = None
    picture_psnr_mean: float | None = None
    picture_psnr_worst: float | None = None
    ssim_mean: float | None = None
    delta_e_mean: float | None = None
    delta_e_p99: float | None = None
    bias_max: float | None = None
    pixel_error_max: float | None = None
    group_psnr_mean: float | None = None
    group_delta_e_mean: float | None = None
    float_share_max: float | None = None

    @property
    def by_group(self) -> bool:
        """Whether any figure is asked of skin-tone groups."""
        return self.group_psnr_mean is not None or self.group_delta_e_mean is not None

    def overridden_by(self, other: Budget) -> Budget:
        """This budget with every figure that ``other`` states."""
        stated = {f.name: getattr(other, f.name) for f in fields(other) if getattr(other, f.name) is not None}
        return Budget(**{**{f.name: getattr(self, f.name) for f in fields(self)}, **stated})


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceleratorBudget:
    """What a tier's file must do on an accelerator, where it is checked on one; None: not asked.

    Float files (fp32, fp16) compute the same arithmetic as on the CPU: ``psnr_cpu_min`` is the least PSNR
    in dB of the worst sample against the CPU's result. Files with integers round elsewhere there:
    ``psnr_float_loss_max`` is by how many dB the worst sample may be farther from the float model than
    the CPU's. ``mismatch_max`` is the largest share of elements of an integer or boolean output that
    may differ from the CPU's. ``whole`` asks that the accelerator runs every operator; where it is None,
    of a tier whose list ends with it: others have an accelerator to fall back on.
    """

    psnr_cpu_min: float | None = None
    psnr_float_loss_max: float | None = None
    mismatch_max: float | None = None
    whole: bool | None = None

    def overridden_by(self, other: AcceleratorBudget) -> AcceleratorBudget:
        """This budget with everything that ``other`` states."""
        return replace(
            self,
            **{f.name: getattr(other, f.name) for f in fields(other) if getattr(other, f.name) is not None},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """The self-check of every conversion: the fp32 file against ONNX Runtime on real inputs.

    ``fp32_psnr`` in dB, over each float output's range; ``integer_mismatch`` is the share of the
    values of an integer or boolean output that may differ (ties and thresholds of float inputs).
    """

    fp32_psnr: float = 80.0
    integer_mismatch: float = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One file of ``targets/``. ``budgets`` are per precision, ``tier_budgets`` override them.

    ``accelerators`` are budgets per accelerator, ``tier_accelerators`` override them, by tier.
    ``size`` (height, width) of images and ``batch`` fill dynamic dimensions only. ``opset`` is of Core ML.
    """

    name: str
    format: Format
    tiers: tuple[Tier, ...]
    size: tuple[int, int] = (512, 512)
    batch: int = 1
    opset: Opset = "iOS17"
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    checks: Checks = field(default_factory=Checks)
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    tier_budgets: Mapping[str, Budget] = field(default_factory=dict)
    accelerators: Mapping[str, AcceleratorBudget] = field(default_factory=dict)
    tier_accelerators: Mapping[str, Mapping[str, AcceleratorBudget]] = field(default_factory=dict)

    def budget_of(self, tier: Tier, precision: Precision) -> Budget:
        """What ``tier`` must reach at ``precision``.

        A tier's own figures hold for its own precision; a later rung is judged by that rung's.
        """
        general = self.budgets.get(precision, Budget())
        own = self.tier_budgets.get(tier.name) if precision == tier.precision else None
        return general.overridden_by(own) if own else general

    def accelerator_budget_of(self, tier: Tier, accelerator: Accelerator) -> AcceleratorBudget:
        """What the file of ``tier`` must do on ``accelerator``; ``whole`` is decided."""
        found = self.accelerators.get(accelerator, AcceleratorBudget())
        own = self.tier_accelerators.get(tier.name, {}).get(accelerator)
        found = found.overridden_by(own) if own else found
        return (
            found if found.whole is not None else replace(found, whole=tier.accelerators[-1] == accelerator)
        )

    def chosen(self, names: Sequence[str] | None) -> tuple[Tier, ...]:
        """The tiers called ``names``, in the target's order; all for None. Raises UnknownTierError."""
        if names is None:
            return self.tiers
        known = [tier.name for tier in self.tiers]
        for name in names:
            if name not in known:
                message = f"target {self.name} has no tier {name!r}"
                raise UnknownTierError(message, hint=f"its tiers are: {', '.join(known)}")
        return tuple(tier for tier in self.tiers if tier.name in names)
