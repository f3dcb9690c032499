"""The package's own frame: lazy names, data paths, dependencies, and what the documents promise."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mobilekit
from mobilekit import errors, resources
from mobilekit.errors import MobilekitError, TargetError

ROOT = Path(__file__).resolve().parent.parent
HEAVY = (
    "tensorflow", "onnx2tf", "coremltools", "ai_edge_litert", "onnxruntime", "onnx", "onnx_ir", "onnxscript",
    "numpy", "scipy", "skimage", "PIL", "pydantic", "networkx", "flatbuffers", "google.protobuf",
)  # fmt: skip


def loaded_by(code: str) -> set[str]:
    """Modules in `sys.modules` after `code` in a fresh process."""
    code = f"import sys\ntry:\n    exec({code!r})\nexcept SystemExit: pass\nprint('MODULES', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize("arguments", [["--help"], ["package", "--help"], ["--version"], []])
def test_help_loads_nothing_heavy(arguments):
    """`mobilekit --help` loads none of the heavy libraries, NumPy included."""
    code = f"sys.argv = ['mobilekit', *{arguments!r}]\nfrom mobilekit.cli.app import main\nmain()"
    loaded = loaded_by(code)
    assert "mobilekit.cli.app" in loaded
    # typer itself imports pydantic, where it is installed, to show the options of a command.
    assert loaded.isdisjoint(set(HEAVY) - ({"pydantic"} if arguments[:1] == ["package"] else set()))


def test_import_is_light():
    """`import mobilekit` loads nothing of ours but itself."""
    loaded = loaded_by("import mobilekit")
    assert {name for name in loaded if name.startswith("mobilekit")} == {"mobilekit"}
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("first", ["import mobilekit.convert.tflite", "import mobilekit.pipeline", "pass"])
def test_convert_is_a_function_and_a_folder(first):
    """`mobilekit.convert(…)` works whatever was imported before it, and so does the folder's import."""
    code = (
        f"{first}\nimport mobilekit\nfrom mobilekit.convert import optable\nfrom mobilekit import convert\n"
        "import mobilekit.convert.optable as again\nassert again is optable\n"
        "for call in (mobilekit.convert, convert, mobilekit.package):\n"
        "    try: call(no_such_keyword=1)\n    except TypeError as error: assert 'no_such_keyword' in str(error)\n"
        "    else: raise AssertionError\n"
    )
    loaded_by(code)


@pytest.mark.parametrize("name", ["convert", "package"])
def test_help_shows_the_keywords(name):
    """`help`, `inspect.signature` and the doc of the callable folder are the function's, nothing heavy loaded."""
    code = (
        "import inspect, pydoc, mobilekit\n"
        f"stage = mobilekit.{name}\n"
        f"from mobilekit.pipeline import {name} as function\n"
        "assert inspect.signature(stage) == inspect.signature(function)\n"
        "text = pydoc.plain(pydoc.render_doc(stage))\n"
        "for word in ('photos', 'fallback', 'Raises MobilekitError', 'model'): assert word in text, text\n"
        "assert 'model: str | Path' in text and ' = None,' in text, text\n"
        "for parameter in inspect.signature(function).parameters: assert parameter in stage.__doc__\n"
        "assert inspect.getdoc(function).splitlines()[0] in text\n"
    )
    assert loaded_by(code).isdisjoint(set(HEAVY) - {"numpy"})


def test_other_folders_keep_their_own_doc():
    """Only the callable folders speak for a function."""
    from mobilekit import legalise, plan

    for module in (legalise, plan):
        assert not callable(module)
        assert not hasattr(module, "__signature__")
        assert "photos:" not in (module.__doc__ or "")


def test_unknown_name():
    """A name that is not there is an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mobilekit.nothing


def test_public_names():
    """The documented names are there."""
    assert mobilekit.errors is errors
    assert callable(mobilekit.open_runtime)
    assert set(mobilekit.__all__) <= set(dir(mobilekit))


def test_data_paths_exist():
    """Every data path of a checkout leads to something."""
    for path in (
        resources.demo_model(),
        resources.demo_description(),
        resources.demo_photos(),
        resources.manifest_schema(),
        *(resources.target_file(name) for name in resources.target_names()),
        *(resources.camera_file(name) for name in resources.camera_names()),
    ):
        assert path.is_file(), path
    assert "android" in resources.target_names()


def test_targets_by_name_and_path(tmp_path):
    """A target is a known name or a path; anything else is refused with the names."""
    own = tmp_path / "mine.toml"
    assert resources.target_file(str(own)) == own
    with pytest.raises(TargetError, match="android"):
        resources.target_file("androd")


def test_wheel_has_all_data():
    """Each data folder that a checkout resolves is force-included where a wheel resolves it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for source, place in included.items():
        assert (ROOT / source).is_dir()
        assert place == f"mobilekit/_data/{source}"
    assert {"targets", "calibration"} <= set(included)


def test_lock_names_no_registry():
    """The lock has hashes for everything, and no host."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "index" not in lock
    entries = re.split(r"\n(?=[a-z0-9])", lock)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_lock_has_every_dependency():
    """What pyproject.toml asks for is in the lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for requirement in asked:
        name = re.match(r"[A-Za-z0-9-]+", requirement)[0]
        assert re.search(rf"^{name}==", lock, re.MULTILINE), name


def test_heavy_libraries_are_banned_at_module_level():
    """The linter's list holds the libraries that the test above looks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    banned = project["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-module-level-imports"]
    assert set(HEAVY) - set(banned) == {"numpy", "flatbuffers", "google.protobuf"}


def test_exit_codes_are_documented():
    """One exit code per cause, each in the table of the reference and in the tree of errors.py."""
    text = (ROOT / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    documented = {
        name: int(code) for code, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)
    }
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, MobilekitError)]
    own = {c.__name__: c.exit_code for c in classes if "exit_code" in vars(c)}
    assert documented == own
    assert len(set(own.values())) == len(own)
    for name in (c.__name__ for c in classes):
        assert name in errors.__doc__


def test_target_keys_are_documented():
    """Every key of the target files that come with mobilekit is in the reference."""

    def keys(value) -> set[str]:
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        own = set(value) if isinstance(value, dict) else set()
        return own.union(*map(keys, children))

    text = (ROOT / "docs/reference/targets.md").read_text(encoding="utf-8")
    for name in resources.target_names():
        target = tomllib.loads(resources.target_file(name).read_text(encoding="utf-8"))
        precisions = {"fp32", "fp16", "int8", "int8-dynamic"}
        for key in keys(target) - precisions:
            assert re.search(rf"[`.\[]{key}\b", text), key


def test_links_in_documents():
    """Relative links lead to files."""
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / link).exists(), f"{document}: {link}"


def test_make_has_the_two_commands():
    """README shows exactly the two commands, and the Makefile has them."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "```\nmake demo\nmake test\n```" in readme
    assert set(re.findall(r"^make \w+", readme, re.MULTILINE)) == {"make demo", "make test"}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^demo:", makefile, re.MULTILINE)
    assert re.search(r"^test:", makefile, re.MULTILINE)
    assert "make --no-print-directory test" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_no_dataclass_defaults_to_a_proxy():
    """Python 3.11 refuses `field: Mapping = MappingProxyType({})` in a dataclass when it is imported."""
    found = [
        f"{path.relative_to(ROOT)}:{line.lineno}"
        for path in sorted((ROOT / "mobilekit").rglob("*.py"))
        for scope in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(scope, ast.ClassDef)
        for line in scope.body
        if isinstance(line, ast.AnnAssign) and "MappingProxyType(" in ast.unparse(line)
    ]
    assert not found, f"default_factory does it: {found}"
