"""``package --npu``: a tier's file compiled for single chips, each a stage of the store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.artifact import digest_of_path
from mobilekit.compile.base import Compiled
from mobilekit.compile.sdk import Sdk, find_sdk
from mobilekit.compile.soc import SocTarget, parse_socs
from mobilekit.errors import UsageError
from mobilekit.package.npu_variant import NpuVariant
from mobilekit.pipeline.keys import build_key
from mobilekit.store.canonical import write_json

if TYPE_CHECKING:
    from mobilekit.pipeline.job import Job
    from mobilekit.target import Target
    from mobilekit.tier import Rule, Tier

_FILE = "compiled.tflite"
_FACTS = "compiled.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Npus:
    """The chips asked for, and by vendor the libraries that compile for them."""

    socs: tuple[SocTarget, ...] = ()
    sdks: Mapping[str, Sdk] = field(default_factory=dict)

    def of_tier(self, tier: Tier) -> tuple[SocTarget, ...]:
        """The chips whose devices may get ``tier`` and run it on their NPU."""
        if "npu" not in tier.accelerators:
            return ()
        return tuple(soc for soc in self.socs if _admits(tier, soc))

    def key(self, tier: Tier) -> dict[str, Any]:
        """What a tier's compiled files depend on beside its file; empty where it has none."""
        found = {str(soc): self.sdks[soc.vendor].digest for soc in self.of_tier(tier)}
        return {"npu": found} if found else {}


NONE = Npus()


def npus_asked(said: str | Sequence[str] | None, target: Target, tiers: Sequence[Tier]) -> Npus:
    """What ``--npu`` asks for, before anything is built.

    Raises UsageError for a chip that nobody knows or that no tier's devices have, or for a format
    without such compilers; MissingToolError without a vendor's libraries.
    """
    socs = parse_socs(said)
    if not socs:
        return NONE
    if target.format != "tflite":
        message = (
            f"target {target.name} has files of format {target.format}: no compiler of chips takes those"
        )
        raise UsageError(message, hint="leave --npu out")
    _check_reached(socs, target, tiers)
    vendors = {soc.vendor: soc.maker for soc in socs}
    return Npus(socs=socs, sdks={name: find_sdk(vendor) for name, vendor in vendors.items()})


def compiled_variants(job: Job, tier: Tier, model: Path, npus: Npus) -> tuple[NpuVariant, ...]:
    """The file ``model`` of ``tier`` compiled for each chip of its devices.

    Raises what :func:`~mobilekit.compile.litert_aot.compile_for` raises.
    """
    socs = npus.of_tier(tier)
    found = []
    for number, soc in enumerate(socs):
        job.progress(f"compile {tier.name}", number, len(socs))
        found.append(_variant(job, model, soc, npus.sdks[soc.vendor]))
    if socs:
        job.progress(f"compile {tier.name}", len(socs), len(socs))
    return tuple(found)


def _variant(job: Job, model: Path, soc: SocTarget, sdk: Sdk) -> NpuVariant:
    key = {"file": digest_of_path(model), "soc": str(soc), "sdk": sdk.digest, **build_key()}

    def build(folder: Path) -> None:
        from mobilekit.compile.litert_aot import compile_for

        compiled = compile_for(model, soc, folder / _FILE, sdk=sdk)
        write_json(folder / _FACTS, compiled.to_json())

    folder = job.store.stage("compile", key, build).path
    said = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    compiled = Compiled(
        path=folder / _FILE,
        operators=said["operators"],
        offloaded=said["offloaded"],
        partitions=said["partitions"],
        stable=said["stable"],
        remaining=said["remaining"],
    )
    return NpuVariant(soc=soc, compiled=compiled, sdk=sdk.origin)


def _check_reached(socs: Sequence[SocTarget], target: Target, tiers: Sequence[Tier]) -> None:
    """Raises UsageError for a chip whose devices get no tier that names the NPU."""
    npu = [tier for tier in tiers if "npu" in tier.accelerators]
    for soc in socs:
        if any(_admits(tier, soc) for tier in npu):
            continue
        names = ", ".join(tier.name for tier in npu)
        which = f"the rules of tier {names} name other chips" if npu else "no tier built here names the NPU"
        message = f"no device with {soc} would get a file compiled for it: {which} (target {target.name})"
        hint = "leave it out of --npu, or change socs and accelerators in a copy of the target file"
        raise UsageError(message, hint=hint)


def _admits(tier: Tier, soc: SocTarget) -> bool:
    return not tier.rules or any(_rule_admits(rule, soc) for rule in tier.rules)


def _rule_admits(rule: Rule, soc: SocTarget) -> bool:
    """Whether a device with the chip can satisfy the rule."""
    chip = soc.device_soc
    models = {model.lower() for model in chip.models}
    makers = {maker.lower() for maker in chip.manufacturers}
    return not rule.socs or any(
        models & {model.lower() for model in listed.models}
        and makers & {maker.lower() for maker in listed.manufacturers}
        for listed in rule.socs
    )
