"""A paragraph per rule and remedy: the first findings, what to do, who says so."""

from __future__ import annotations

from mobilekit.cli.lints_text import lint_lines
from mobilekit.pipeline.lint_outlook import LintOutlook


def lint(node: str, rule: str = "operator", tiers: tuple[str, ...] = ("a", "b")) -> LintOutlook:
    return LintOutlook(rule=rule, node=node, what="leaves", todo="stay", source="Apple", tiers=tiers)


def test_many_are_counted_and_the_first_named():
    lines = list(lint_lines([lint(f"n{i}") for i in range(5)], ["a", "b"]))
    assert "5 × operator" in lines[1]
    assert [line.strip() for line in lines[2:5]] == ["n0: leaves", "n1: leaves", "n2: leaves"]
    assert lines[5].strip() == "… and 2 more"
    assert [line.strip() for line in lines[6:]] == ["do: stay", "by: Apple"]


def test_tiers_are_named_where_not_all_are_meant():
    lines = "\n".join(lint_lines([lint("", tiers=("a",)), lint("n", "rank")], ["a", "b"]))
    assert "operator (tier a)" in lines
    assert "rank\n" in lines


def test_nothing_found_nothing_said():
    assert list(lint_lines([], ["a"])) == []
