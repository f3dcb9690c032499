"""Tiers: which variant of a model a device gets. The first tier that matches wins.

The predicates are a closed set, evaluated the same way by this module and by the generated apps;
``tests/vectors/tier_cases.json`` is the common test. An absent predicate is true; inside a rule all
must hold, a tier matches when any of its rules does, and a tier without rules matches everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Precision = Literal["fp32", "fp16", "int8", "w8a16", "int8-dynamic"]
"""``int8``: weights and activations; ``w8a16``: weights, activations int16; ``int8-dynamic``: weights."""

PLANNED: tuple[Precision, ...] = ("int8", "w8a16")
"""Precisions that need a plan: activations have scales from calibration."""

Accelerator = Literal["npu", "gpu", "cpu"]
Compression = Literal["none", "int8", "palette6", "palette4"]
"""Of the large weights of a float file: 8 bits per channel, or indices of 6 or 4 bits into a palette."""

Io = Literal["float32", "int8", "image"]
"""Inputs and outputs: ``image`` has those that are described as images as pictures, the rest float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceProfile:
    """What a device says about itself. Unknown texts are None, unknown numbers 0.

    ``ram_bytes`` is what the system reports (less than the nominal size), ``sdk`` the Android API
    level, ``performance_class`` Android's media performance class (an API level, 0 if none);
    ``machine`` is Apple's ``hw.machine`` ("iPhone16,1").
    """

    ram_bytes: int = 0
    soc_manufacturer: str | None = None
    soc_model: str | None = None
    sdk: int = 0
    performance_class: int = 0
    machine: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Soc:
    """Chips of one maker: every spelling of the maker's name with every model number."""

    manufacturers: tuple[str, ...]
    models: tuple[str, ...]

    def matches(self, profile: DeviceProfile) -> bool:
        """Whether both names are listed; case and surrounding blanks do not count."""
        return _listed(profile.soc_manufacturer, self.manufacturers) and _listed(
            profile.soc_model, self.models
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Apple's ``hw.machine``: a family and two numbers, "iPhone16,1". Ordered within one family."""

    family: str
    number: tuple[int, int]

    @staticmethod
    def parse(text: str) -> Machine | None:
        """The machine that ``text`` names; None for anything else (a simulator says "arm64")."""
        found = re.fullmatch(r"([A-Za-z]+)([0-9]{1,9}),([0-9]{1,9})", text.strip(), flags=re.ASCII)
        return Machine(family=found[1], number=(int(found[2]), int(found[3]))) if found else None

    def __str__(self) -> str:
        return f"{self.family}{self.number[0]},{self.number[1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """All machines of one family from ``first`` to ``last``, both included; no ``last``: also those to come.

    Numbers are compared, not texts: iPad9,1 comes before iPad13,1.
    """

    first: Machine
    last: Machine | None = None

    def matches(self, profile: DeviceProfile) -> bool:
        """Whether the device is of the family and between the two. A simulator never is."""
        machine = Machine.parse(profile.machine or "")
        if machine is None or machine.family != self.first.family or machine.number < self.first.number:
            return False
        return self.last is None or machine.number <= self.last.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Predicates that must all hold. RAM minimum is inclusive, maximum exclusive."""

    ram_min_bytes: int | None = None
    ram_max_bytes: int | None = None
    socs: tuple[Soc, ...] = ()
    sdk_min: int | None = None
    performance_class_min: int | None = None
    machines: tuple[Machines, ...] = ()

    def matches(self, profile: DeviceProfile) -> bool:
        """Whether every predicate of the rule holds for the device."""
        return not self.failures(profile)

    def failures(self, profile: DeviceProfile) -> tuple[str, ...]:
        """The predicates that do not hold, in words for a person."""
        checks = (
            (_at_least(profile.ram_bytes, self.ram_min_bytes), f"RAM of at least {self.ram_min_bytes} bytes"),
            (_below(profile.ram_bytes, self.ram_max_bytes), f"RAM below {self.ram_max_bytes} bytes"),
            (_any_soc(profile, self.socs), "one of the listed chips"),
            (_at_least(profile.sdk, self.sdk_min), f"API level of at least {self.sdk_min}"),
            (
                _at_least(profile.performance_class, self.performance_class_min),
                f"performance class of at least {self.performance_class_min}",
            ),
            (_any_machine(profile, self.machines), "one of the listed Apple devices"),
        )
        return tuple(words for holds, words in checks if not holds)

    @property
    def is_total(self) -> bool:
        """Whether the rule matches every device."""
        return self == Rule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A class of devices and the variant that they get.

    ``size`` (height, width) and ``shapes`` fill dynamic dimensions only; ``model`` is a lighter
    model for this tier; ``next_rungs`` are the precisions tried in order when the budget fails.
    """

    name: str
    precision: Precision
    accelerators: tuple[Accelerator, ...] = ("cpu",)
    rules: tuple[Rule, ...] = ()
    size: tuple[int, int] | None = None
    shapes: Mapping[str, tuple[int, ...]] | None = None
    model: Path | None = None
    io: Io = "float32"
    compression: Compression = "none"
    next_rungs: tuple[Precision, ...] = ()

    def matches(self, profile: DeviceProfile) -> bool:
        """Whether the device belongs to this tier, were it the only one."""
        return not self.rules or any(rule.matches(profile) for rule in self.rules)

    @property
    def is_total(self) -> bool:
        """Whether the tier matches every device."""
        return not self.rules or any(rule.is_total for rule in self.rules)


def select(tiers: Sequence[Tier], profile: DeviceProfile) -> Tier:
    """The first of ``tiers`` that matches. Raises LookupError if none does (the last one must be total)."""
    for tier in tiers:
        if tier.matches(profile):
            return tier
    message = "no tier matches the device; the last tier of a target must match everything"
    raise LookupError(message)


def rules_as_json(tiers: Sequence[Tier]) -> dict[str, Any]:
    """The content of ``tiers.json``: every tier's name, accelerators and rules, in order.

    Predicates that a rule does not use are left out; sizes are bytes.
    """
    return {
        "format": "mobilekit-tiers/1",
        "tiers": [
            {
                "name": tier.name,
                "accelerators": list(tier.accelerators),
                "rules": [_rule_as_json(rule) for rule in tier.rules],
            }
            for tier in tiers
        ],
    }


def _rule_as_json(rule: Rule) -> dict[str, Any]:
    numbers = {
        name: getattr(rule, name)
        for name in ("ram_min_bytes", "ram_max_bytes", "sdk_min", "performance_class_min")
        if getattr(rule, name) is not None
    }
    socs = [{"manufacturers": list(soc.manufacturers), "models": list(soc.models)} for soc in rule.socs]
    machines = [_machines_as_json(machines) for machines in rule.machines]
    return {
        **numbers,
        **({"socs": socs} if socs else {}),
        **({"machines": machines} if machines else {}),
    }


def _machines_as_json(machines: Machines) -> dict[str, str]:
    last = {"last": str(machines.last)} if machines.last is not None else {}
    return {"first": str(machines.first), **last}


def _listed(value: str | None, names: tuple[str, ...]) -> bool:
    return value is not None and value.strip().lower() in {name.strip().lower() for name in names}


def _any_soc(profile: DeviceProfile, socs: tuple[Soc, ...]) -> bool:
    return not socs or any(soc.matches(profile) for soc in socs)


def _any_machine(profile: DeviceProfile, machines: tuple[Machines, ...]) -> bool:
    return not machines or any(each.matches(profile) for each in machines)


def _at_least(value: int, minimum: int | None) -> bool:
    return minimum is None or value >= minimum


def _below(value: int, maximum: int | None) -> bool:
    return maximum is None or value < maximum
