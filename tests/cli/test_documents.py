"""README and the reference show commands and options that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer

from mobilekit.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
COMMANDS = typer.main.get_command(app).commands


def commands() -> list[str]:
    """Lines in code blocks that call mobilekit."""
    found = []
    for document in DOCUMENTS:
        for block in re.findall(
            r"^```\w*\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        ):
            found += [line.split("  #")[0] for line in block.splitlines() if line.startswith("mobilekit ")]
    return sorted(set(found))


@pytest.mark.parametrize("line", commands())
def test_documented_commands_parse(line):
    """Every documented command is accepted by the command line's own parser."""
    _, name, *arguments = shlex.split(line)
    command = COMMANDS[name]
    with command.make_context(name, arguments):
        pass


def test_reference_lists_every_option():
    """docs/reference/cli.md has every option of every command, and none that is not there."""
    text = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## mobilekit (\w+)", text, re.MULTILINE)) == set(COMMANDS)
    known = {"--debug", "--help"}
    for name, command in COMMANDS.items():
        section = re.search(rf"^## mobilekit {name}\b.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[0]
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option != "--help":
                    assert option in section, f"{name} {option}"
                    known.add(option)
    assert set(re.findall(r"--[a-z][a-z0-9-]*", text)) <= known


def test_make_goals_exist():
    """`make demo` and `make test` are goals; the demo's command parses too."""
    dry = subprocess.run(["make", "-n", "demo", "test"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "tools/bootstrap.sh" in dry.stdout
    line = next(line for line in dry.stdout.splitlines() if line.startswith(".venv/bin/mobilekit"))
    _, name, *arguments = shlex.split(line)
    with COMMANDS[name].make_context(name, arguments):
        pass
