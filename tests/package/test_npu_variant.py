"""A file for one chip: what an app is told of it, and what the report keeps for itself."""

from __future__ import annotations

from mobilekit.artifact import digest_of_bytes
from mobilekit.compile.base import Compiled
from mobilekit.compile.soc import SocTarget
from mobilekit.package.npu_variant import NpuVariant


def test_the_manifest_says_who_gets_it_and_nothing_measured(tmp_path) -> None:
    """The file, its digest, and the rule of its devices; what the compiler took is for the report."""
    path = tmp_path / "compiled.tflite"
    path.write_bytes(b"TFL3")
    compiled = Compiled(path=path, operators=5, offloaded=4, partitions=2, stable=True, remaining={"ADD": 1})
    variant = NpuVariant(soc=SocTarget.parse("mediatek:MT6989"), compiled=compiled, sdk="a package 1")
    assert variant.to_manifest() == {
        "file": "model.MT6989.tflite",
        "format": "tflite",
        "sha256": digest_of_bytes(b"TFL3"),
        "size_bytes": 4,
        "soc": "mediatek:MT6989",
        "socs": [{"manufacturers": ["Mediatek", "MediaTek"], "models": ["MT6989"]}],
    }
    report = variant.to_report()
    assert (report["offloaded"], report["operators"], report["remaining"]) == (4, 5, {"ADD": 1})
    assert report["sdk"] == "a package 1"
