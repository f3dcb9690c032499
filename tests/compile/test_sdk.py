"""A vendor's libraries: from a named folder, from its package, or an error that says what to install."""

from __future__ import annotations

import pytest

from mobilekit.compile import sdk as module
from mobilekit.compile.google import GOOGLE
from mobilekit.compile.mediatek import MEDIATEK
from mobilekit.compile.qualcomm import QUALCOMM
from mobilekit.compile.sdk import find_sdk
from mobilekit.errors import MissingToolError


@pytest.mark.parametrize("vendor", [QUALCOMM, MEDIATEK, GOOGLE], ids=lambda vendor: vendor.name)
def test_without_libraries_the_error_says_what_to_install(vendor, monkeypatch) -> None:
    """The package and the variable, and that the build works without."""
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(MissingToolError) as caught:
        find_sdk(vendor, {})
    assert f"pip install {vendor.package}" in caught.value.hint
    assert vendor.variable in caught.value.hint
    assert "without --npu" in caught.value.hint


def test_a_named_folder_is_taken_and_its_content_is_its_digest(tmp_path) -> None:
    """Other libraries give another digest: what they compiled is not taken for theirs."""
    for name in QUALCOMM.needs:
        (tmp_path / name).write_bytes(b"one")
    first = find_sdk(QUALCOMM, {QUALCOMM.variable: str(tmp_path)})
    assert first.folder == tmp_path
    (tmp_path / QUALCOMM.needs[0]).write_bytes(b"two")
    assert find_sdk(QUALCOMM, {QUALCOMM.variable: str(tmp_path)}).digest != first.digest


def test_a_folder_without_the_libraries_is_refused(tmp_path) -> None:
    """The first that lack are named; so is a folder that is not there, or empty."""
    (tmp_path / QUALCOMM.needs[0]).write_bytes(b"")
    with pytest.raises(MissingToolError, match=QUALCOMM.needs[1]):
        find_sdk(QUALCOMM, {QUALCOMM.variable: str(tmp_path)})
    with pytest.raises(MissingToolError, match="any library"):
        find_sdk(MEDIATEK, {MEDIATEK.variable: str(tmp_path / "nowhere")})


def test_the_installed_package_is_found_without_importing_it(monkeypatch) -> None:
    """Its version is its digest."""
    monkeypatch.setattr(module, "find_spec", lambda name: name)
    monkeypatch.setattr(module, "version", lambda name: "2.3.0")
    found = find_sdk(QUALCOMM, {})
    assert (found.folder, found.origin) == (None, "ai-edge-litert-sdk-qualcomm 2.3.0")
