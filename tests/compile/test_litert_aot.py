"""Compiling in a child: what it gives, and that each way to fail is an error of its own and never a hang."""

from __future__ import annotations

import os
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from mobilekit.compile.litert_aot import compile_for
from mobilekit.compile.qualcomm import QUALCOMM
from mobilekit.compile.sdk import Sdk, find_sdk
from mobilekit.compile.soc import SocTarget
from mobilekit.errors import AcceleratorError, MissingToolError, UnsoundArtifactError, WorkerError
from tests.compile.support import COPIES, child, tiny_tflite

SOC = SocTarget.parse("qualcomm:SM8650")
HERE = Sdk(folder=None, origin="a test", digest="0")


def _compile(folder: Path, body: str, *, sdk: Sdk = HERE, timeout_s: float = 60.0):
    model = tiny_tflite(folder / "model.tflite")
    out = folder / "compiled.tflite"
    return compile_for(model, SOC, out, sdk=sdk, command=child(folder, body), timeout_s=timeout_s)


def test_what_was_compiled_is_told_and_written(tmp_path) -> None:
    """The file where it was asked for, the compiler's figures, what is left to the CPU."""
    found = _compile(tmp_path, COPIES)
    assert found.path.read_bytes() == (tmp_path / "model.tflite").read_bytes()
    assert (found.operators, found.offloaded, found.partitions, found.stable) == (1, 1, 1, True)
    assert found.remaining == {"RELU": 1}


def test_the_child_finds_the_libraries_and_a_link_for_the_one_that_is_not_called(tmp_path) -> None:
    """On the library path, with temporary files in the folder that goes away."""
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for name in QUALCOMM.needs:
        (libraries / name).write_bytes(b"")
    sdk = find_sdk(QUALCOMM, {QUALCOMM.variable: str(libraries)})
    checks = (
        "paths = os.environ['LD_LIBRARY_PATH'].split(os.pathsep)\n"
        f"assert paths[0] == {str(libraries)!r} and os.environ['TMPDIR'] == str(folder)\n"
        "assert (Path(paths[1]) / 'libQnnLpai.so').resolve().name == 'libQnnSystem.so'\n"
    )
    _compile(tmp_path, checks + COPIES, sdk=sdk)
    (libraries / "libQnnLpai.so").write_bytes(b"")
    _compile(
        tmp_path,
        checks.replace("assert (Path", "assert not (Path").replace(".resolve().name ==", ".exists() and")
        + COPIES,
        sdk=sdk,
    )


def test_a_refusal_says_who_and_why(tmp_path) -> None:
    """The vendor, the chip, and the compiler's own errors."""
    body = "answer(refused='failed to apply plugin', log=['ERROR: PRELU'])"
    with pytest.raises(AcceleratorError, match=r"(?s)Qualcomm's compiler refuses .*SM8650.*ERROR: PRELU"):
        _compile(tmp_path, body)
    with pytest.raises(AcceleratorError, match="takes no operator"):
        _compile(tmp_path, COPIES.replace("offloaded=1", "offloaded=0"))


def test_a_litert_without_compiler_is_a_missing_tool(tmp_path) -> None:
    """Other systems than Linux have none."""
    with pytest.raises(MissingToolError, match="no ahead-of-time compiler"):
        _compile(tmp_path, "answer(missing='No module named aot')")


def test_another_border_is_unsound_and_nothing_is_written(tmp_path) -> None:
    """A compiled file with other outputs must not be published."""
    other = tiny_tflite(tmp_path / "other.tflite", output="z")
    body = COPIES.replace("request['model']", repr(str(other)))
    with pytest.raises(UnsoundArtifactError, match="output 'z'"):
        _compile(tmp_path, body)
    assert not (tmp_path / "compiled.tflite").exists()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("sys.stderr.write('no memory'); sys.exit(3)", "exit code 3: no memory"),
        ("pass", "gave no answer"),
    ],
    ids=["killed", "crashed", "exited", "silent"],
)
def test_a_child_that_dies_is_an_error(tmp_path, body, text) -> None:
    """With how it died, and the last thing it said."""
    with pytest.raises(WorkerError, match=text):
        _compile(tmp_path, body)


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are POSIX")
def test_a_hang_ends_and_takes_its_processes_along(tmp_path) -> None:
    """The compiler itself is a grandchild: it must not go on working for nobody."""
    pid = tmp_path / "pid"
    body = (
        "import subprocess\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"Path({str(pid)!r}).write_text(str(inner.pid))\n"
        "time.sleep(60)"
    )
    started = time.monotonic()
    with pytest.raises(WorkerError, match="did not finish"):
        _compile(tmp_path, body, timeout_s=3.0)
    assert time.monotonic() - started < 30.0
    assert _is_gone(int(pid.read_text()))


def _is_gone(pid: int) -> bool:
    """Whether a process ended, or waits for nobody but its parent's end."""
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


def test_a_command_that_is_not_there_is_an_error(tmp_path) -> None:
    """Not a traceback."""
    model = tiny_tflite(tmp_path / "model.tflite")
    with pytest.raises(WorkerError, match="cannot start"):
        compile_for(model, SOC, tmp_path / "out.tflite", sdk=HERE, command=[str(tmp_path / "nothing")])


def _sdk_here() -> Sdk | None:
    """Qualcomm's libraries: as the user has them, else onnxruntime-qnn's."""
    try:
        return find_sdk(QUALCOMM)
    except MissingToolError:
        found = find_spec("onnxruntime_qnn")
    if found is None or found.origin is None:
        return None
    return find_sdk(QUALCOMM, {QUALCOMM.variable: str(Path(found.origin).parent)})


def test_qualcomm_compiles_a_tiny_file_the_same_twice(tmp_path) -> None:
    """The real compiler, where its libraries are: one partition, the same bytes where it says so."""
    sdk = _sdk_here()
    if sdk is None:
        pytest.skip("Qualcomm's libraries are not here: pip install 'mobilekit[qnn]'")
    model = tiny_tflite(tmp_path / "model.tflite")
    first, again = (compile_for(model, SOC, tmp_path / f"{i}.tflite", sdk=sdk) for i in range(2))
    assert (first.whole, first.partitions, first.remaining) == (True, 1, {})
    assert first.stable == again.stable
    assert not first.stable or first.path.read_bytes() == again.path.read_bytes()
