"""Byte-stable writers, whose files are never half-written, and typed errors for what cannot be."""

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import zipfile

import pytest

from mobilekit.errors import OutputError
from mobilekit.store import canonical
from mobilekit.store.canonical import (
    TEMPORARY_PREFIX,
    atomic_write,
    copy_atomic,
    remove_stale,
    replace_folder,
    temporary_folder,
    write_json,
    write_zip,
)

LIMITED = """
import resource, signal, sys
from pathlib import Path
from mobilekit.errors import OutputError
from mobilekit.store.canonical import atomic_write, write_zip
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))
path = Path(sys.argv[1])
for write in (lambda: atomic_write(path, b"x" * 20000), lambda: write_zip(path, {"a": b"x" * 20000})):
    try:
        write()
    except OutputError as error:
        print(error.message)
"""


def run(code, *arguments):
    """Run ``code`` in a process of its own."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def names(folder):
    """What lies in ``folder``."""
    return sorted(p.name for p in folder.iterdir())


def test_json_is_canonical(tmp_path):
    """Sorted keys, indent 1, a newline at the end; the order of insertion does not show."""
    write_json(tmp_path / "a.json", {"b": 1, "a": [0.1, "ü"]})
    write_json(tmp_path / "b.json", {"a": [0.1, "ü"], "b": 1})
    content = (tmp_path / "a.json").read_bytes()
    assert content == (tmp_path / "b.json").read_bytes()
    assert content.decode() == '{\n "a": [\n  0.1,\n  "ü"\n ],\n "b": 1\n}\n'
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "c.json", {"a": float("nan")})
    assert names(tmp_path) == ["a.json", "b.json"]


def test_writing_makes_folders_and_replaces_files(tmp_path):
    """The new content and mode 644; nothing temporary stays."""
    path = tmp_path / "deep" / "er" / "file"
    atomic_write(path, b"old")
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert names(path.parent) == ["file"]
    copy_atomic(path, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"new"


def test_zips_depend_on_content_alone(tmp_path):
    """Not on order, dates, modes, folders, or whether an entry came from a file."""
    file = tmp_path / "source"
    file.write_bytes(b"model" * 1000)
    write_zip(tmp_path / "a.zip", {"m/model.tflite": file, "manifest.json": b"{}"})
    file.chmod(0o600)
    os.utime(file, (1, 1))
    write_zip(tmp_path / "b.zip", {"manifest.json": b"{}", "m/model.tflite": b"model" * 1000})
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["m/model.tflite", "manifest.json"]
        info = archive.getinfo("m/model.tflite")
        assert (info.compress_type, info.date_time) == (zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))
        assert info.external_attr >> 16 == 0o100644
        assert archive.read("m/model.tflite") == b"model" * 1000
    write_zip(tmp_path / "b.zip", {"manifest.json": b"{ }", "m/model.tflite": file})
    assert (tmp_path / "a.zip").read_bytes() != (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "free some space"), (errno.EACCES, "may write"), (errno.EROFS, "read-only")],
)
def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch, number, words):
    """OutputError names the path and what to do; the old content stays, nothing else does."""
    path = tmp_path / "file"
    atomic_write(path, b"old")

    def fail(self, content):
        self.open("wb").close()
        raise OSError(number, os.strerror(number), str(self))

    monkeypatch.setattr("pathlib.Path.write_bytes", fail)
    with pytest.raises(OutputError, match=os.strerror(number)) as caught:
        atomic_write(path, b"new")
    assert str(path) in caught.value.message
    assert TEMPORARY_PREFIX not in caught.value.message
    assert words in caught.value.hint
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX's")
def test_a_disk_that_is_full_for_real(tmp_path):
    """A limit on file sizes cuts the write in the middle: an error, and the old file stays."""
    path = tmp_path / "file"
    atomic_write(path, b"old")
    done = run(LIMITED, path)
    assert done.stdout.count(f"cannot write {path}: File too large") == 2, done.stderr
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_file_in_the_way_of_a_folder(tmp_path):
    """ENOTDIR or EEXIST, by where the file is: both are typed."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "x", tmp_path / "file" / "x" / "y"):
        with pytest.raises(OutputError, match="cannot write"):
            atomic_write(path, b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="cannot write"):
        atomic_write(tmp_path / "folder", b"")


def test_a_missing_source_is_named(tmp_path):
    """The file that is missing, not only the one that was to be written."""
    with pytest.raises(OutputError, match=r"copy: No such file or directory \(.*missing\)"):
        copy_atomic(tmp_path / "missing", tmp_path / "copy")
    assert names(tmp_path) == []


def test_replacing_a_folder(tmp_path):
    """The new folder takes the old one's place, whole; files of the old one are gone."""
    final = tmp_path / "dist" / "android"
    for content in ("first", "second"):
        with temporary_folder(final.parent) as new:
            (new / content).write_text(content)
            replace_folder(new, final)
        assert names(final) == [content]
        assert names(final.parent) == ["android"]


def test_a_failed_replacement_puts_the_old_folder_back(tmp_path):
    """Nothing was lost."""
    final = tmp_path / "android"
    final.mkdir()
    (final / "old").write_text("")
    with pytest.raises(OutputError, match="android"):
        replace_folder(tmp_path / "not there", final)
    assert names(tmp_path) == ["android"]
    assert names(final) == ["old"]


def test_a_temporary_folder_is_removed_on_errors(tmp_path):
    """Whatever is raised inside is passed on."""
    with pytest.raises(KeyError), temporary_folder(tmp_path / "out"):
        raise KeyError
    assert names(tmp_path / "out") == []


def test_only_stale_temporary_entries_are_removed(tmp_path):
    """Old ones of ours go; young ones and other people's files stay."""
    old, young, other = (
        tmp_path / f"{TEMPORARY_PREFIX}old",
        tmp_path / f"{TEMPORARY_PREFIX}young",
        tmp_path / "other",
    )
    for path in (old, young, other):
        path.mkdir()
        (path / "file").write_text("")
    for path in (old, other):
        os.utime(path, (1, 1))
    (tmp_path / f"{TEMPORARY_PREFIX}file").write_text("")
    os.utime(tmp_path / f"{TEMPORARY_PREFIX}file", (1, 1))
    remove_stale(tmp_path)
    assert names(tmp_path) == [young.name, "other"]


KILLED = """
import sys
from pathlib import Path
from mobilekit.store.canonical import replace_folder, temporary_folder
final, i = Path(sys.argv[1]), 0
while True:
    with temporary_folder(final.parent) as new:
        for name in "abc":
            (new / name).write_text(str(i))
        replace_folder(new, final)
    i += 1
    print(i, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize("delay_s", [0.0, 0.003, 0.011, 0.02])
def test_sigkill_leaves_no_folder_half_written(tmp_path, delay_s):
    """Either no folder or a complete one, all of one generation; and the next run succeeds."""
    final = tmp_path / "dist"
    command = [sys.executable, "-c", KILLED, str(final)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
    if final.exists():
        assert names(final) == ["a", "b", "c"]
        assert len({(final / name).read_text() for name in "abc"}) == 1
    with temporary_folder(final.parent) as new:
        (new / "next").write_text("")
        replace_folder(new, final)
    assert names(final) == ["next"]


def test_writing_loads_nothing_heavy():
    """An unchanged second run imports this, and must be fast."""
    code = "import sys, mobilekit.store.cas; print('numpy' in sys.modules, 'filelock' in sys.modules)"
    assert run(code).stdout.split() == ["False", "False"]


def test_json_that_was_written_is_read_back(tmp_path):
    """Numbers keep their shortest form that reads back the same."""
    values = {"a": [0.1, 1e-300, 12345678901234567890], "b": None}
    write_json(tmp_path / "a.json", values)
    assert json.loads((tmp_path / "a.json").read_text()) == values
    assert canonical.canonical_json(values) == (tmp_path / "a.json").read_text()
