"""Finding the GPU: the user's word first, then real ones, then software; broken drivers are passed over."""

import json
import sys
import time

import pytest

from mobilekit.errors import AcceleratorError
from mobilekit.runtimes import adapters, litert_gpu

FOUND = """
import json, os, sys
files = os.environ["VK_DRIVER_FILES"].split(os.pathsep)
known = {"soft.json": ("Soft", True), "card.json": ("Card", False)}
names = [known[os.path.basename(file)] for file in files if os.path.basename(file) in known]
if any("abort" in file for file in files):
    os.abort()
if any("hang" in file for file in files):
    import time
    time.sleep(60)
print("driver chatter")
devices = [{"name": name, "emulated": soft, "float16": not soft} for name, soft in names]
loader = next((loader for loader in sys.argv[1:] if loader != "none.so"), None)
print(json.dumps({"loader": loader, "devices": devices if loader else []}))
"""


@pytest.fixture
def find(monkeypatch):
    """``find_adapter`` with a stub that answers for the drivers, given as groups of manifests."""

    def find(*groups, given="", loader="loader.so"):
        monkeypatch.setattr(adapters, "PROBE", (sys.executable, "-c", FOUND))
        monkeypatch.setattr(adapters, "_PROBE_S", 5.0)
        monkeypatch.setattr(adapters, "loaders", lambda: ("none.so", loader))
        monkeypatch.setattr(adapters, "driver_files", lambda: iter(groups))
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.delenv("VK_ICD_FILENAMES", raising=False)
        if given:
            monkeypatch.setenv("VK_DRIVER_FILES", given)
        else:
            monkeypatch.delenv("VK_DRIVER_FILES", raising=False)
        adapters._find.cache_clear()
        return adapters.find_adapter()

    yield find
    adapters._find.cache_clear()


def test_the_first_that_has_a_device(find):
    """Drivers without a device are passed over; the one chosen is what the process is told."""
    found = find(("none.json",), ("soft.json",)).adapter
    assert (found.name, found.emulated, found.float16, found.loader) == ("Soft", True, False, "loader.so")
    assert found.variables == {"VK_DRIVER_FILES": "soft.json", "VK_ICD_FILENAMES": "soft.json"}


def test_a_real_gpu_goes_before_software(find):
    """Also where one driver has both."""
    assert find(("soft.json", "card.json"), ("soft.json",)).adapter.name == "Card"


def test_the_users_choice_is_not_overruled(find):
    """What the user's variable says is taken as it is, good or bad."""
    found = find(("card.json",), given="/x/soft.json")
    assert (found.adapter.name, found.adapter.variables) == ("Soft", {})
    found = find(("card.json",), given="/x/none.json")
    assert found.adapter is None
    assert found.reason == "no Vulkan device by VK_DRIVER_FILES=/x/none.json"


def test_a_driver_that_crashes_is_passed_over(find):
    """Alone, and among others."""
    assert find(("abort.json",), ("soft.json",)).adapter.name == "Soft"
    assert find(("abort.json", "card.json"), ("soft.json",)).adapter.name == "Card"
    found = find(("abort.json",))
    assert found.adapter is None
    assert "the Vulkan driver of abort.json fails" in found.reason
    assert "SIGABRT" in found.reason


def test_a_driver_that_hangs_is_given_up_on(find, monkeypatch):
    """A driver that hangs is given up on, and named."""
    start = time.monotonic()
    found = find(("hang.json",))
    assert "hang.json did not answer within 5 s" in found.reason
    assert time.monotonic() - start < 15


def test_without_a_loader(find, monkeypatch):
    """No loader, no GPU; sessions are refused with what to install."""
    assert "no Vulkan loader" in find(("soft.json",), loader="none.so").reason
    assert not litert_gpu.availability().available
    assert "apt-get install chromium" in litert_gpu.availability().detail
    with pytest.raises(AcceleratorError, match="no Vulkan loader") as caught:
        litert_gpu.GpuProcess()
    assert "apt-get install chromium" in caught.value.hint


@pytest.mark.skipif(sys.platform != "linux", reason="Vulkan is asked on Linux only")
@pytest.mark.parametrize("what", ["missing", "empty", "no library", "no driver in it"])
def test_the_real_loader_with_a_broken_driver(what, tmp_path, monkeypatch):
    """No manifest, an empty one, one without its library, one whose library is none: refused at once."""
    manifest = tmp_path / "icd.json"
    library = tmp_path / "libnone.so"
    if what == "empty":
        manifest.write_text("")
    elif what != "missing":
        driver = {"library_path": str(library), "api_version": "1.1.0"}
        manifest.write_text(json.dumps({"file_format_version": "1.0.0", "ICD": driver}))
    if what == "no driver in it":
        library.write_bytes(b"\x7fELF not really")
    for name in adapters.CHOSEN_BY:
        monkeypatch.setenv(name, str(manifest))
    start = time.monotonic()
    assert not litert_gpu.availability().available
    with pytest.raises(AcceleratorError, match=r"no Vulkan device by VK_DRIVER_FILES=.*icd\.json"):
        litert_gpu.GpuProcess()
    assert time.monotonic() - start < 20


def test_elsewhere_the_system_has_its_way(monkeypatch):
    """On macOS and Windows nothing is chosen."""
    assert adapters._find.__wrapped__("darwin", ("", "")).adapter.name == "the default Metal device"
    assert adapters._find.__wrapped__("win32", ("", "")).adapter.variables == {}


def test_manifests_are_found_in_order(tmp_path, monkeypatch):
    """Real drivers together, then a browser's SwiftShader, then what is installed of software."""
    drivers, browser = tmp_path / "icd.d", tmp_path / "browser"
    for path in (drivers / "lvp_icd.x86_64.json", drivers / "radeon_icd.json", drivers / "nvidia_icd.json"):
        drivers.mkdir(exist_ok=True)
        path.write_text("{}")
    browser.mkdir()
    (browser / "vk_swiftshader_icd.json").write_text("{}")
    monkeypatch.setattr(adapters, "_DRIVERS", (str(drivers), str(tmp_path / "none")))
    monkeypatch.setattr(adapters, "_BROWSERS", (str(tmp_path / "none"), str(browser)))
    assert [[path.rsplit("/", 1)[1] for path in group] for group in adapters.driver_files()] == [
        ["nvidia_icd.json", "radeon_icd.json"],
        ["vk_swiftshader_icd.json"],
        ["lvp_icd.x86_64.json"],
    ]
