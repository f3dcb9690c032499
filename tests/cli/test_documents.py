"""README and the reference show commands and options that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import onnx
import pytest
import typer
from PIL import Image

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


MODEL = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[1, 3, 16, 16] image) => (float[1, 3, 16, 16] fused) { t = LeakyRelu (image)  fused = Tanh (t) }
"""


def test_readme_commands_work(cli, tmp_path):
    """README's commands for a model of one's own, run as they stand once init's lines are filled in."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## Your own model\n\n```\n(.*?)```", readme, re.DOTALL)[1]
    onnx.save(onnx.parser.parse_model(MODEL), tmp_path / "face_fusion.onnx")
    (tmp_path / "selfies").mkdir()
    for index in range(3):
        Image.new("RGB", (20, 20 + index), (80 * index, 90, 200)).save(tmp_path / f"selfies/{index}.jpg")
    config = tmp_path / "mobilekit.toml"
    for line in block.splitlines():
        done = cli(*shlex.split(line)[1:])
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        filled = config.read_text(encoding="utf-8").replace('range = "?"', "range = [-1.0, 1.0]")
        config.write_text(filled, encoding="utf-8")
    shown = re.search(r"^```\n(dist/.*?)^```", readme, re.MULTILINE | re.DOTALL)[1]
    files = [line.split()[0] for line in shown.splitlines()]
    for file in files[:-1]:
        assert (tmp_path / file).exists(), file
    assert (tmp_path / "dist/bundles/face_fusion-0.1.0-android-flagship.zip").is_file()


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
