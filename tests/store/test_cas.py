"""A stage is built once per key, by one process at a time, whole or not at all."""

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobilekit.errors import OutputError, StoreError
from mobilekit.store.canonical import TEMPORARY_PREFIX
from mobilekit.store.cas import Store, default_root, stage_key
from mobilekit.store.prune import prune

few = settings(derandomize=True, max_examples=40, deadline=None, database=None)
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Builder:
    """Writes two files; counts how often it was called."""

    def __init__(self, content=b"content"):
        self.content, self.calls = content, 0

    def __call__(self, folder):
        self.calls += 1
        (folder / "model.tflite").write_bytes(self.content)
        (folder / "sub").mkdir()
        (folder / "sub" / "plan.json").write_text("{}")


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    return Store(tmp_path / "store")


def start(code, *arguments):
    """Run ``code`` in a process of its own."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def temporary(root):
    """Temporary entries anywhere under ``root``."""
    return list(root.rglob(f"{TEMPORARY_PREFIX}*"))


def test_the_second_time_is_cached(store):
    """Same key: the same files, without building."""
    build = Builder()
    first, second = store.stage("emit", {"a": 1}, build), store.stage("emit", {"a": 1}, build)
    assert (first.cached, second.cached, build.calls) == (False, True, 1)
    assert first.path == second.path
    assert (second.path / "sub" / "plan.json").read_text() == "{}"
    assert temporary(store.root) == []


def test_another_key_or_stage_is_built(store):
    """One value, or the stage's name, is enough of a difference."""
    build = Builder()
    for name, key in [("emit", {"a": 1}), ("emit", {"a": 1.5}), ("emit", {"a": "1"}), ("plan", {"a": 1})]:
        assert not store.stage(name, key, build).cached
    assert build.calls == 4


def test_the_order_of_keys_does_not_matter_and_nan_is_refused():
    """Keys are canonical JSON."""
    assert stage_key("s", {"a": 1, "b": (2, 3)}) == stage_key("s", {"b": [2, 3], "a": 1})
    for value in (float("nan"), b"bytes", {1, 2}):
        with pytest.raises(StoreError, match="'s' is not JSON"):
            stage_key("s", {"a": value})


@few
@given(
    st.dictionaries(st.text(), JSON_VALUES, max_size=4), st.dictionaries(st.text(), JSON_VALUES, max_size=4)
)
def test_keys_are_equal_exactly_if_the_values_are(a, b):
    """Equality of keys is equality of canonical JSON, insertion order aside."""
    same = json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)
    assert (stage_key("s", a) == stage_key("s", b)) == same
    assert stage_key("s", a) == stage_key("s", dict(reversed(a.items())))


@few
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["build", "fail", "damage"])), max_size=12))
def test_whatever_happened_before_a_stage_returns_its_own_content(tmp_path_factory, steps):
    """Builds, failed builds and damaged files in any order: a result is always right and whole."""
    store = Store(tmp_path_factory.mktemp("store"))
    sound = set()
    for number, step in steps:
        content = f"content {number}".encode()
        if step == "fail":
            result = None
            if number in sound:
                result = store.stage("s", {"n": number}, failing)
            else:
                with pytest.raises(ZeroDivisionError):
                    store.stage("s", {"n": number}, failing)
        else:
            result = store.stage("s", {"n": number}, Builder(content))
            assert result.cached == (number in sound)
        if result is not None:
            sound.add(number)
            assert (result.path / "model.tflite").read_bytes() == content
            if step == "damage":
                (result.path / "model.tflite").write_bytes(content[:-1])
                sound.discard(number)
    assert temporary(store.root) == []


def failing(folder):
    """Writes something, then fails."""
    (folder / "model.tflite").write_bytes(b"half")
    raise ZeroDivisionError


def test_a_failed_stage_is_never_cached(store):
    """The error comes through as it is, and the next build starts in an empty folder."""
    with pytest.raises(ZeroDivisionError):
        store.stage("emit", {}, failing)
    assert temporary(store.root) == []
    result = store.stage("emit", {}, Builder())
    assert not result.cached
    assert (result.path / "model.tflite").read_bytes() == b"content"


@pytest.mark.parametrize("damage", ["truncate", "remove", "add", "manifest", "no manifest"])
def test_a_damaged_entry_is_built_again(store, damage):
    """Truncated, missing and foreign files and manifests are noticed by names and sizes."""
    build = Builder()
    path = store.stage("emit", {}, build).path
    match damage:
        case "truncate":
            (path / "model.tflite").write_bytes(b"cont")
        case "remove":
            (path / "sub" / "plan.json").unlink()
        case "add":
            (path / "more").write_text("")
        case "manifest":
            (path.parent / "manifest.json").write_text('{"format":')
        case "no manifest":
            (path.parent / "manifest.json").unlink()
    result = store.stage("emit", {}, build)
    assert (result.cached, build.calls) == (False, 2)
    assert (result.path / "model.tflite").read_bytes() == b"content"
    assert store.stage("emit", {}, build).cached


def test_changed_bytes_of_the_same_size_are_noticed_when_verifying(store):
    """By default sizes are checked, with ``verify`` digests too."""
    path = store.stage("emit", {}, Builder()).path
    (path / "model.tflite").write_bytes(b"CONTENT")
    assert store.stage("emit", {}, Builder()).cached
    assert not Store(store.root, verify=True).stage("emit", {}, Builder()).cached
    assert Store(store.root, verify=True).stage("emit", {}, Builder()).cached


def test_a_root_that_cannot_be_written(tmp_path):
    """A file in the way is a StoreError that names the flag."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"Not a directory|File exists") as caught:
        Store(tmp_path / "file").stage("emit", {}, Builder())
    assert "--store" in caught.value.hint


READ_ONLY = """
import os, sys
import filelock
from pathlib import Path
from mobilekit.errors import StoreError
from mobilekit.store.cas import Store
if os.geteuid() == 0:
    os.setuid(65534)  # nothing stops root
store = Store(Path(sys.argv[1]))
print(store.stage("emit", {}, None).cached)
try:
    store.stage("emit", {"other": 1}, None)
except StoreError as error:
    print(error.hint)
"""


@posix
def test_a_read_only_root():
    """An error for new stages; finished ones still serve."""
    with tempfile.TemporaryDirectory() as name:  # tmp_path is closed to other users
        root = Path(name) / "store"
        Store(root).stage("emit", {}, Builder())
        folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
        Path(name).chmod(0o755)
        for folder in folders:
            folder.chmod(0o555)
        output, stderr = start(READ_ONLY, root).communicate(timeout=60)
        for folder in folders:
            folder.chmod(0o755)
    assert output == "True\nchoose another folder with --store\n", stderr


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        OutputError("cannot write x: No space left on device"),
    ],
)
def test_a_full_disk_while_building_is_the_stores_fault(store, error):
    """Other errors of a builder are its own."""

    def build(folder):
        raise error

    with pytest.raises(StoreError, match="No space left") as caught:
        store.stage("emit", {}, build)
    assert "--store" in caught.value.hint
    assert temporary(store.root) == []


def test_an_os_error_of_the_builder_itself_is_passed_on(store):
    """A missing file is not the store's fault."""

    def build(folder):
        (folder / "missing").read_bytes()

    with pytest.raises(FileNotFoundError):
        store.stage("emit", {}, build)


TWO = """
import os, sys, time
from pathlib import Path
from mobilekit.store.cas import Store
log = Path(sys.argv[2])
def build(folder):
    with log.open("a") as file:
        file.write("built\\n")
    for i in range(20):
        (folder / f"{i}").write_text("x" * 1000)
        time.sleep(0.01)
for i in range(3):
    result = Store(Path(sys.argv[1])).stage("emit", {"i": i}, build)
    assert len(list(result.path.iterdir())) == 20
    print(result.cached)
"""


def test_two_builds_at_once(tmp_path):
    """Three processes on one store: each key is built once, every process sees whole results."""
    log = tmp_path / "log"
    processes = [start(TWO, tmp_path / "store", log) for _ in range(3)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert log.read_text().count("built") == 3
    assert "".join(output for output, _ in outputs).count("False") == 3


SLOW = """
import sys, time
from pathlib import Path
from mobilekit.store.cas import Store
def build(folder):
    (folder / "half").write_text("x")
    print("building", flush=True)
    time.sleep(60)
Store(Path(sys.argv[1])).stage("emit", {}, build)
"""


@posix
def test_sigkill_while_building(tmp_path):
    """Nothing but a temporary folder stays; the next run is not locked out, builds, and cleans up."""
    store = Store(tmp_path / "store")
    process = start(SLOW, store.root)
    assert process.stdout.readline() == "building\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(temporary(store.root)) == 1
    started = time.monotonic()
    result = store.stage("emit", {}, Builder())
    assert time.monotonic() - started < 5
    assert not result.cached
    assert sorted(p.name for p in result.path.iterdir()) == ["model.tflite", "sub"]
    assert temporary(store.root) == []


REPEATED = """
import sys
from pathlib import Path
from mobilekit.store.cas import Store
def build(folder):
    for name in "abc":
        (folder / name).write_bytes(b"x" * 5000)
i = int(sys.argv[2])
while True:
    i += 1
    Store(Path(sys.argv[1])).stage("emit", {"i": i}, build)
    print(i, flush=True)
"""


@posix
@pytest.mark.parametrize("delay_s", [0.0, 0.001, 0.004, 0.01])
def test_sigkill_anywhere_leaves_complete_entries_only(tmp_path, delay_s):
    """Killed between any two system calls: what the next process takes from the cache is whole."""
    store = Store(tmp_path / "store")
    process = start(REPEATED, store.root, 0)
    last = int(process.stdout.readline())
    time.sleep(delay_s)
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    last = max([last, *map(int, rest.split())])

    def build(folder):
        for name in "abc":
            (folder / name).write_bytes(b"x" * 5000)

    for i in (last, last + 1):
        result = Store(store.root, verify=True).stage("emit", {"i": i}, build)
        assert result.cached or i == last + 1
        assert [(p.name, p.stat().st_size) for p in sorted(result.path.iterdir())] == [
            (n, 5000) for n in "abc"
        ]


def test_pruning_removes_what_was_not_used_for_longest(tmp_path):
    """Until the rest fits; what is in use stays whatever its size; a pruned stage is built again."""
    store = Store(tmp_path)
    build = Builder(b"x" * 1000)
    paths = [store.stage("emit", {"i": i}, build).path for i in range(3)]
    for age, path in zip((3, 9, 6), paths, strict=True):
        os.utime(path.parent / "manifest.json", (time.time() - age * 3600,) * 2)
    assert prune(tmp_path, limit_bytes=10**9) == 0
    assert prune(tmp_path, limit_bytes=3000) > 1000
    assert [path.exists() for path in paths] == [True, False, True]
    store.stage("emit", {"i": 2}, build)  # used now
    prune(tmp_path, limit_bytes=0)
    assert [path.exists() for path in paths] == [False, False, True]
    assert not store.stage("emit", {"i": 0}, build).cached


def test_the_default_root_is_the_users_cache():
    """Nothing is written by asking."""
    assert default_root().name == "store"
    assert "mobilekit" in str(default_root())
