"""An installed wheel finds its data without the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

CHECK = """
import sys, mobilekit
from pathlib import Path
from mobilekit import resources
from mobilekit.config import read_description
from mobilekit.target_file import target_from_toml
here = Path(sys.argv[1]).resolve()
paths = [resources.demo_model(), resources.demo_description(), resources.demo_photos(), resources.manifest_schema()]
paths += [resources.target_file(name) for name in resources.target_names()]
paths += [resources.camera_file(name) for name in resources.camera_names()]
paths += resources.delegate_lists()
assert all(path.is_file() and here in path.parents for path in paths), paths
assert len(resources.delegate_lists()) >= 5
assert "iphone" in resources.camera_names() and "demo" not in resources.camera_names()
assert target_from_toml(resources.target_file("android")).tiers
assert read_description(resources.demo_description()).path == resources.demo_model()
"""


def test_wheel(tmp_path):
    """The wheel holds every data file, where the installed package looks for it."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "installed")
    assert not [name for name in names if name.startswith(("tests/", "tools/", "examples/"))]
    assert "mobilekit/py.typed" in names
    subprocess.run(
        [sys.executable, "-c", CHECK, str(tmp_path / "installed")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed")},
        check=True,
    )
