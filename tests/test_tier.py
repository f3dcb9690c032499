"""The first tier that matches wins, the predicates are exact at their borders, and nobody is left out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.target import Target
from mobilekit.target_file import target_from_toml
from mobilekit.tier import DeviceProfile, Machine, Machines, Rule, Soc, Tier, rules_as_json, select

_ROOT = Path(__file__).parents[1]
_VECTORS = json.loads((_ROOT / "tests/vectors/tier_cases.json").read_text())
_ANDROID, _IOS = (target_from_toml(_ROOT / "targets" / f"{name}.toml") for name in ("android", "ios"))
_TARGETS = {target.name: target for target in (_ANDROID, _IOS)}


def _rule(data: dict[str, Any]) -> Rule:
    socs = tuple(Soc(**{k: tuple(v) for k, v in soc.items()}) for soc in data.get("socs", ()))
    machines = tuple(
        Machines(**{end: Machine.parse(text) for end, text in each.items()})
        for each in data.get("machines", ())
    )
    return Rule(**{**data, "socs": socs, "machines": machines})


def _tiers(case: dict[str, Any]) -> tuple[Tier, ...]:
    if "target" in case:
        return _TARGETS[case["target"]].tiers
    return tuple(
        Tier(name=t["name"], precision="fp32", rules=tuple(_rule(r) for r in t["rules"]))
        for t in _VECTORS["rule_sets"][case["rule_set"]]
    )


@pytest.mark.parametrize("case", _VECTORS["cases"], ids=lambda case: str(case["why"]))
def test_selects_the_tier_of_every_vector(case: dict[str, Any]) -> None:
    """The vectors that all implementations share hold here."""
    assert select(_tiers(case), DeviceProfile(**case["profile"])).name == case["tier"]


@pytest.mark.parametrize("target", _TARGETS.values(), ids=lambda target: target.name)
def test_every_tier_of_a_target_has_a_device(target: Target) -> None:
    """The vectors name a device for each tier, and one that says nothing."""
    cases = [case for case in _VECTORS["cases"] if case.get("target") == target.name]
    assert {case["tier"] for case in cases} == {tier.name for tier in target.tiers}
    assert target.name != "ios" or {} in [case["profile"] for case in cases]


_NAMES = st.sampled_from(["QTI", "Qualcomm", "Google", "SM8650", "Tensor G4", ""])
_SMALL = st.integers(0, 40)
_MACHINES = st.builds(Machine, family=st.sampled_from(["iPhone", "iPad"]), number=st.tuples(_SMALL, _SMALL))
_PROFILES = st.builds(
    DeviceProfile,
    ram_bytes=_SMALL,
    soc_manufacturer=st.none() | _NAMES,
    soc_model=st.none() | _NAMES,
    sdk=_SMALL,
    performance_class=_SMALL,
    machine=st.none() | st.just("arm64") | _MACHINES.map(str),
)
_RULES = st.builds(
    Rule,
    ram_min_bytes=st.none() | _SMALL,
    ram_max_bytes=st.none() | _SMALL,
    socs=st.tuples() | st.tuples(st.builds(Soc, manufacturers=st.tuples(_NAMES), models=st.tuples(_NAMES))),
    sdk_min=st.none() | _SMALL,
    performance_class_min=st.none() | _SMALL,
    machines=st.tuples() | st.tuples(st.builds(Machines, first=_MACHINES, last=st.none() | _MACHINES)),
)


@given(st.lists(st.lists(_RULES, min_size=1, max_size=3), max_size=4), _PROFILES)
def test_every_device_gets_the_first_tier_that_matches(
    rules: list[list[Rule]], profile: DeviceProfile
) -> None:
    """Whatever the rules, with a total last tier nobody is left out and order decides."""
    tiers = [Tier(name=str(i), precision="fp32", rules=tuple(r)) for i, r in enumerate(rules)]
    last = Tier(name="last", precision="fp32")
    chosen = select([*tiers, last], profile)
    earlier = [*tiers, last][: [*tiers, last].index(chosen)]
    assert chosen.matches(profile)
    assert not any(tier.matches(profile) for tier in earlier)


@given(_RULES, _PROFILES)
def test_a_rule_matches_exactly_when_it_names_no_failure(rule: Rule, profile: DeviceProfile) -> None:
    """What `tiers` explains is what selection does."""
    assert rule.matches(profile) == (not rule.failures(profile))


def test_without_a_total_last_tier_a_device_can_be_left_out() -> None:
    """That is an error, not a guess."""
    only = Tier(name="large", precision="fp32", rules=(Rule(ram_min_bytes=1),))
    assert not only.is_total
    with pytest.raises(LookupError, match="last tier"):
        select([only], DeviceProfile())


@given(_RULES)
def test_rules_survive_the_way_to_the_apps(rule: Rule) -> None:
    """tiers.json holds every predicate, and nothing that a rule does not use."""
    tier = Tier(name="t", precision="fp32", rules=(rule,))
    written = json.loads(json.dumps(rules_as_json([tier])))["tiers"][0]["rules"][0]
    assert _rule(written) == replace(rule, socs=rule.socs)


@given(_MACHINES)
def test_a_machine_is_read_as_it_is_written(machine: Machine) -> None:
    """Text and value say the same."""
    assert Machine.parse(str(machine)) == machine


@pytest.mark.parametrize("text", ["", "arm64", "iPhone", "iPhone16", "iPhone16.1", "16,1", "iPhone16,1,2"])
def test_other_texts_are_no_machine(text: str) -> None:
    """What is not a family and two numbers is not guessed at."""
    assert Machine.parse(text) is None


@pytest.mark.parametrize("tier", _VECTORS["rule_sets"]["machines"], ids=lambda tier: str(tier["name"]))
def test_machines_reach_the_apps_as_they_are_written(tier: dict[str, Any]) -> None:
    """tiers.json has the identifiers of the rules, an open end left out."""
    tiers = [Tier(name=tier["name"], precision="fp16", rules=tuple(_rule(r) for r in tier["rules"]))]
    assert rules_as_json(tiers)["tiers"][0]["rules"] == tier["rules"]
