"""Reading a target's TOML file; errors name file, line and key."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import cast, get_args

from mobilekit.errors import TargetError
from mobilekit.target import COMPRESSING, AcceleratorBudget, Budget, Checks, Format, Opset, Target
from mobilekit.tier import Accelerator, Compression, Io, Machine, Machines, Precision, Rule, Soc, Tier
from mobilekit.toml_table import TomlTable, read_toml

_PRECISIONS: tuple[str, ...] = get_args(Precision)
_ACCELERATORS: tuple[str, ...] = get_args(Accelerator)
_FORMATS: tuple[str, ...] = get_args(Format)
_OPSETS: tuple[str, ...] = get_args(Opset)
_IOS: tuple[str, ...] = get_args(Io)
_COMPRESSIONS: tuple[str, ...] = get_args(Compression)
_HELD: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tflite": (_PRECISIONS, ("float32", "int8")),
    "coreml": (("fp32", "fp16"), ("float32", "image")),
}
"""Precisions, and inputs and outputs, that files of a format can have."""
_HINT = "--target takes the name of a target (such as android) or the path of a TOML file like it"


def target_from_toml(path: Path) -> Target:
    """The target that a file describes. Raises TargetError naming file, line and key."""
    root = read_toml(path, error=TargetError, hint=_HINT)
    name, written = root.need("name", str), cast("Format", root.choice("format", _FORMATS))
    tiers = tuple(_tier(table, written) for table in root.tables("tiers"))
    defaults = Target(name="", format="tflite", tiers=())
    target = Target(
        name=name,
        format=written,
        tiers=tiers,
        size=_size(root) or defaults.size,
        batch=root.count("batch") or defaults.batch,
        opset=_opset(root, written),
        shapes=_shapes(root.table("shapes")),
        checks=_checks(root.table("checks")),
        budgets=_budgets(root.table("budgets")),
        tier_budgets=_tier_budgets(root),
        accelerators=_accelerator_budgets(root.table("accelerators")),
        tier_accelerators=_tier_accelerators(root),
    )
    root.finish()
    if any(tier.compression != "none" for tier in tiers) and target.opset not in COMPRESSING:
        known = ", ".join(COMPRESSING)
        raise root.fault("opset", f"compressed weights need one of {known}, which later devices load too")
    _check_name(root, target.name)
    _check_tiers(root, tiers)
    return target


def _opset(root: TomlTable, written: Format) -> Opset:
    found = root.choice("opset", _OPSETS, "iOS17")
    if written != "coreml" and "opset" in root.values:
        raise root.fault("opset", f"only Core ML has one, this target's format is {written}")
    return cast("Opset", found)


def _tier(table: TomlTable, written: Format) -> Tier:
    table.table("budget")
    table.table("accelerator_budgets")
    model = table.take("model", str)
    tier = Tier(
        name=table.need("name", str),
        precision=cast("Precision", table.choice("precision", _PRECISIONS)),
        accelerators=cast("tuple[Accelerator, ...]", _choices(table, "accelerators", _ACCELERATORS))
        or ("cpu",),
        rules=tuple(_rule(rule) for rule in table.tables("rules")),
        size=_size(table),
        shapes=_shapes(table.table("shapes")) or None,
        model=table.path.parent / model if model else None,
        io=cast("Io", table.choice("io", _IOS, "float32")),
        compression=cast("Compression", table.choice("compression", _COMPRESSIONS, "none")),
        next_rungs=cast("tuple[Precision, ...]", _choices(table, "next_rungs", _PRECISIONS)),
    )
    table.finish()
    _check_name(table, tier.name)
    _check_held(table, tier, written)
    if tier.io == "int8" and {tier.precision, *tier.next_rungs} != {"int8"}:
        raise table.fault("io", "integer inputs and outputs are for precision int8 (without next_rungs) only")
    return tier


def _check_held(table: TomlTable, tier: Tier, written: Format) -> None:
    """Raises TargetError for a precision, or inputs and outputs, that the format does not have."""
    precisions, ios = _HELD[written]
    if tier.compression != "none" and written != "coreml":
        raise table.fault("compression", f"only Core ML has it, this target's format is {written}")
    for key, values, held in (
        ("precision", (tier.precision,), precisions),
        ("next_rungs", tier.next_rungs, precisions),
        ("io", (tier.io,), ios),
    ):
        for value in values:
            if value not in held:
                fault = f"files of format {written} have no {value!r}, expected one of: {', '.join(held)}"
                raise table.fault(key, fault)


def _rule(table: TomlTable) -> Rule:
    rule = Rule(
        ram_min_bytes=table.count("ram_min_bytes"),
        ram_max_bytes=table.count("ram_max_bytes"),
        socs=tuple(_soc(soc) for soc in table.tables("socs")),
        sdk_min=table.count("sdk_min"),
        performance_class_min=table.count("performance_class_min"),
        machines=tuple(_machines(machines) for machines in table.tables("machines")),
    )
    table.finish()
    low, high = rule.ram_min_bytes, rule.ram_max_bytes
    if low is not None and high is not None and low >= high:
        problem = f"no device has at least {low} bytes and less than {high}"
        raise table.fault(name="ram_max_bytes", message=problem)
    return rule


def _soc(table: TomlTable) -> Soc:
    soc = Soc(manufacturers=table.texts("manufacturers"), models=table.texts("models"))
    table.finish()
    for name, values in (("manufacturers", soc.manufacturers), ("models", soc.models)):
        if not values:
            raise table.fault(name, "expected at least one name")
    return soc


def _machines(table: TomlTable) -> Machines:
    first = _machine(table, "first", table.need("first", str))
    text = table.take("last", str)
    last = _machine(table, "last", text) if text is not None else None
    table.finish()
    if last is not None and (last.family != first.family or last.number < first.number):
        raise table.fault("last", f"no machine is between {first} and {last}")
    return Machines(first=first, last=last)


def _machine(table: TomlTable, key: str, text: str) -> Machine:
    machine = Machine.parse(text)
    if machine is None:
        raise table.fault(key, f"expected an identifier such as iPhone16,1, got {text!r}")
    return machine


def _size(table: TomlTable) -> tuple[int, int] | None:
    values = table.counts("size")
    if not values:
        return None
    if len(values) != 2:
        raise table.fault("size", f"expected [height, width], got {list(values)!r}")
    return values[0], values[1]


def _shapes(table: TomlTable) -> dict[str, tuple[int, ...]]:
    shapes = {name: table.counts(name) for name in table.values}
    table.finish()
    return shapes


def _checks(table: TomlTable) -> Checks:
    default = Checks()
    psnr = table.number("fp32_psnr", minimum=0)
    mismatch = table.number("integer_mismatch", minimum=0)
    table.finish()
    return Checks(
        fp32_psnr=default.fp32_psnr if psnr is None else psnr,
        integer_mismatch=default.integer_mismatch if mismatch is None else mismatch,
    )


def _budgets(table: TomlTable) -> dict[str, Budget]:
    budgets = {name: _budget(table.table(name)) for name in _PRECISIONS if name in table.values}
    for name in _PRECISIONS:
        table.take(name, dict)
    table.finish()
    return budgets


def _tier_budgets(root: TomlTable) -> dict[str, Budget]:
    tables = root.tables("tiers")
    return {t.need("name", str): _budget(t.table("budget")) for t in tables if "budget" in t.values}


def _budget(table: TomlTable) -> Budget:
    figures = {field.name: table.number(field.name, minimum=0) for field in fields(Budget)}
    for name in ("mismatch_max", "ssim_mean", "bias_max", "float_share_max"):
        value = figures[name]
        if value is not None and value > 1.0:
            raise table.fault(name, f"expected a share, 0 to 1, got {value:g}")
    budget = Budget(**figures)
    table.finish()
    return budget


def _accelerator_budgets(table: TomlTable) -> dict[str, AcceleratorBudget]:
    """Budgets per accelerator; the CPU's are those of precisions."""
    known = [name for name in _ACCELERATORS if name != "cpu"]
    budgets = {name: _accelerator_budget(table.table(name)) for name in known if name in table.values}
    table.finish()
    return budgets


def _accelerator_budget(table: TomlTable) -> AcceleratorBudget:
    budget = AcceleratorBudget(
        psnr_cpu_min=table.number("psnr_cpu_min", minimum=0),
        psnr_float_loss_max=table.number("psnr_float_loss_max", minimum=0),
        mismatch_max=table.number("mismatch_max", minimum=0),
        whole=table.take("whole", bool),
    )
    table.finish()
    if budget.mismatch_max is not None and budget.mismatch_max > 1.0:
        problem = f"expected a share, 0 to 1, got {budget.mismatch_max:g}"
        raise table.fault(name="mismatch_max", message=problem)
    return budget


def _tier_accelerators(root: TomlTable) -> dict[str, dict[str, AcceleratorBudget]]:
    """Of the tiers that state any; a budget of an accelerator that the tier does not name is a mistake."""
    found = {}
    for table in root.tables("tiers"):
        if "accelerator_budgets" not in table.values:
            continue
        budgets = _accelerator_budgets(table.table("accelerator_budgets"))
        found[table.need("name", str)] = budgets
        for name in budgets:
            if name not in table.texts("accelerators"):
                problem = f"the tier does not name the accelerator {name!r}"
                raise table.fault(name="accelerator_budgets", message=problem)
    return found


def _choices(table: TomlTable, name: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    values = table.texts(name)
    for value in values:
        if value not in allowed:
            raise table.fault(name, f"expected a list out of {', '.join(allowed)}, got {value!r}")
    return values


def _check_name(table: TomlTable, name: str) -> None:
    """Names become folders and file names on every system."""
    if not name or not all(c.isascii() and (c.isalnum() or c in "_-") for c in name):
        raise table.fault("name", f"expected letters, digits, - and _, got {name!r}")


def _check_tiers(root: TomlTable, tiers: tuple[Tier, ...]) -> None:
    if not tiers:
        raise root.fault("tiers", "expected at least one [[tiers]] table")
    names = [tier.name for tier in tiers]
    for index, tier in enumerate(tiers):
        table = root.tables("tiers")[index]
        if tier.name in names[:index]:
            raise table.fault("name", f"{tier.name!r} is the name of an earlier tier")
        if tier.is_total and index < len(tiers) - 1:
            raise table.fault(
                "rules", f"tier {tier.name!r} matches every device: the tiers after it get none"
            )
    if not tiers[-1].is_total:
        raise root.tables("tiers")[-1].fault(
            "rules", "the last tier must match every device", hint="leave its rules out"
        )
