"""Core ML through ``convert`` and ``package``: packages, manifests, bundles, the same bytes every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest

from mobilekit import resources
from mobilekit.artifact import digest_of_path
from mobilekit.errors import (
    BudgetError,
    ConversionDisagreementError,
    DescriptionError,
    TargetError,
    UnsupportedOperatorError,
    UsageError,
)
from mobilekit.pipeline import convert, package
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.ort import open_onnx
from tests.pipeline.support import INPUTS, project, tiny_model, write_config, write_model, write_photos

PICTURE = '[outputs.picture]\nkind = "image"\nrange = [-1.0, 1.0]\n'
TARGET = """\
name = "phone"
format = "coreml"
[[tiers]]
name = "best"
precision = "fp16"
accelerators = ["npu", "gpu", "cpu"]
io = "image"
budget = { psnr_mean = 40.0, psnr_worst = 40.0 }
[[tiers.rules]]
machines = [{ first = "iPhone16,1" }]
[[tiers]]
name = "rest"
precision = "fp32"
accelerators = ["gpu", "cpu"]
"""
PACKAGE = ["Data/com.apple.CoreML/model.mlmodel", "Data/com.apple.CoreML/weights/weight.bin", "Manifest.json"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a model, its description, photos and a target."""
    monkeypatch.chdir(tmp_path)
    project(tmp_path)
    write_config(tmp_path, rest=PICTURE)
    (tmp_path / "phone.toml").write_text(TARGET)
    return tmp_path


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """One package of both tiers, for the tests that only look at it."""
    folder = tmp_path_factory.mktemp("ios")
    project(folder)
    config = write_config(folder, rest=PICTURE)
    (folder / "phone.toml").write_text(TARGET)
    result = package(
        folder / "tiny.onnx",
        target=str(folder / "phone.toml"),
        photos=folder / "photos",
        out=folder / "dist",
        store=folder / "store",
        config=config,
    )
    return folder / "dist", result


def _files(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): digest_of_path(p) for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(("precision", "least"), [("fp32", 90.0), ("fp16", 50.0)])
def test_convert_writes_a_package_that_computes_the_model(tmp_path, precision, least):
    """The folder holds to the model, the meta data say who judged, and a copy of it works alone."""
    model = write_model(tmp_path)
    artifact = convert(model, to="coreml", precision=precision, out=tmp_path / "build", inputs=INPUTS)
    assert artifact.path == tmp_path / "build" / f"tiny.{precision}.mlpackage"
    assert (artifact.kind, artifact.digest) == ("coreml", digest_of_path(artifact.path))
    assert artifact.meta["parity"]["outputs"][0]["psnr_db"]["worst"] > least
    if sys.platform != "darwin":
        assert artifact.meta["parity"]["candidate"] == "MIL reference evaluator, not Core ML"
    assert "coremltools" in artifact.meta["tools"]
    assert "ai-edge-litert" not in artifact.meta["tools"]
    feed = {"image": np.random.default_rng(0).uniform(-1, 1, (1, 3, 16, 16)).astype(np.float32)}
    with open_runtime(artifact.path) as session, open_onnx(model) as reference:
        np.testing.assert_allclose(session.run(feed)["picture"], reference.run(feed)["picture"], atol=0.01)


def test_wrong_emitter_is_caught_and_the_operator_named(tmp_path, monkeypatch):
    """A package that computes something else is an error, not a warning, and nothing is written."""
    from mobilekit.pipeline.formats import coreml
    from mobilekit.source.graph import graph_from_proto

    true_emit = coreml.emit

    def wrong(graph, path, **keywords):
        model = graph.proto()
        for node in model.graph.node:
            if node.op_type == "LeakyRelu":
                node.attribute.append(onnx.helper.make_attribute("alpha", 0.5))
        true_emit(graph_from_proto(model, stage="legalised"), path, **keywords)

    monkeypatch.setattr(coreml, "emit", wrong)
    with pytest.raises(ConversionDisagreementError, match="LeakyRelu"):
        convert(write_model(tmp_path), to="coreml", out=tmp_path / "build", inputs=INPUTS)
    assert list((tmp_path / "build").iterdir()) == []


def test_every_operator_that_core_ml_cannot_say_is_named(tmp_path):
    """Before any work, whatever step would have found it."""
    text = """<ir_version: 8, opset_import: ["": 18]> g (float[2,3] x) => (float[2,3] y, float a)
    { r = RandomNormalLike (x)  y = Add (x, r)  n = NonZero (x)  m = Cast <to = 1> (n)
      a = ReduceMax <keepdims = 0> (m) }"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "net.onnx")
    with pytest.raises(UnsupportedOperatorError) as caught:
        convert(tmp_path / "net.onnx", to="coreml", out=tmp_path / "build")
    assert any("RandomNormalLike" in line for line in caught.value.refusals)
    assert any("NonZero" in line for line in caught.value.refusals)


def test_package_writes_exactly_the_promised_files(built):
    """A folder per tier with package and manifest, a bundle per tier, one report, and nothing else."""
    dist, result = built
    names = [
        "bundles/tiny-1.2.3-phone-best.zip",
        "bundles/tiny-1.2.3-phone-rest.zip",
        "phone/report.json",
        *(f"phone/{tier}/manifest.json" for tier in ("best", "rest")),
        *(f"phone/{tier}/model.mlpackage/{name}" for tier in ("best", "rest") for name in PACKAGE),
    ]
    assert sorted(_files(dist)) == sorted(names)
    for tier in result.tiers:
        assert tier.model.digest == digest_of_path(tier.model.path)
        with zipfile.ZipFile(tier.bundle.path) as archive:
            assert archive.namelist() == ["manifest.json", *(f"model.mlpackage/{name}" for name in PACKAGE)]


def test_manifest_and_report_are_valid_and_tell_the_truth(built):
    """Both follow their schemas; pixels are said to be pixels, and who ran the package is not left unsaid."""
    jsonschema = pytest.importorskip("jsonschema")
    dist, _ = built
    schema = json.loads(resources.manifest_schema().read_text())
    report = json.loads((dist / "phone/report.json").read_text())
    jsonschema.validate(report, json.loads(resources.report_schema().read_text()))
    said = {}
    for tier in ("best", "rest"):
        said[tier] = json.loads((dist / f"phone/{tier}/manifest.json").read_text())
        jsonschema.validate(said[tier], schema)
        assert said[tier]["model"]["sha256"] == digest_of_path(dist / f"phone/{tier}/model.mlpackage")
        assert said[tier]["opset"] == "iOS17"
        if sys.platform != "darwin":
            assert report["tiers"][tier]["runtime"] == "MIL reference evaluator, not Core ML"
            assert report["tiers"][tier]["latency_ms"] is None
            assert report["tiers"][tier]["verified_on"] == []
    best, rest = (said[tier]["inputs"][0] for tier in ("best", "rest"))
    assert (best["pixels"], best["dtype"], best["layout"]) == ("RGB", "uint8", "nchw")
    assert (rest["pixels"], rest["dtype"], rest["shape"]) == (None, "float32", [1, 3, 16, 16])
    assert [said[tier]["compute_units"] for tier in ("best", "rest")] == ["all", "cpuAndGPU"]


def test_second_run_is_cached_and_a_lost_file_comes_back(here):
    """Unchanged inputs are answered from the store."""
    keywords = {"target": "phone.toml", "photos": "photos", "store": "store", "tiers": ["rest"]}
    first = package(**keywords)
    before = _files(here / "dist")
    (here / "dist/phone/rest/model.mlpackage/Manifest.json").unlink()
    second = package(**keywords)
    assert (first.cached, second.cached) == (False, True)
    assert _files(here / "dist") == before


def test_budget_that_is_missed_fails_the_build(here):
    """As for every format; nothing is published."""
    (here / "phone.toml").write_text(TARGET.replace("psnr_mean = 40.0", "pixel_error_max = 0.1"))
    with pytest.raises(BudgetError, match="output picture: a pixel is off by"):
        package(target="phone.toml", photos="photos", store="store", tiers=["best"])
    assert _files(here / "dist") == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('precision = "fp32"', 'precision = "int8"'),
        ('io = "image"', 'io = "int8"'),
        ('accelerators = ["gpu", "cpu"]', 'next_rungs = ["w8a16"]'),
        ('format = "coreml"', 'format = "tflite"\nopset = "iOS17"'),
        ('format = "coreml"', 'format = "coreml"\nopset = "iOS14"'),
        ('precision = "fp32"', 'precision = "fp32"\ncompression = "int4"'),
    ],
)
def test_what_the_format_does_not_have_is_refused(here, old, new):
    """With file, line and key."""
    (here / "phone.toml").write_text(TARGET.replace(old, new))
    with pytest.raises(TargetError, match=r"phone\.toml:\d+: "):
        package(target="phone.toml", photos="photos")


SCRIPT = """
import sys
from mobilekit.pipeline import package
package("tiny.onnx", target="phone.toml", photos="photos", out=sys.argv[1], store=sys.argv[2])
"""


def test_two_processes_write_the_same_bytes(here):
    """Whatever their hash seeds, dates, folders and stores."""
    onnx.save(tiny_model(), here / "tiny.onnx")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, f"out-{seed}", f"store-{seed}"],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            cwd=here,
            stderr=subprocess.PIPE,
        )
        for seed in ("1", "2")
    ]
    for process in running:
        assert process.wait() == 0, process.stderr.read().decode()
        process.stderr.close()
    first, second = (_files(here / f"out-{seed}") for seed in ("1", "2"))
    assert len(first) > 8
    first.pop("phone/report.json")  # it has what was measured
    second.pop("phone/report.json")
    assert first == second


def test_ios_is_a_target_with_apples_devices():
    """The tiers of the target that comes with mobilekit."""
    from mobilekit.target_file import target_from_toml
    from mobilekit.tier import DeviceProfile, select

    target = target_from_toml(resources.target_file("ios"))
    expected = {
        "iPhone16,1": "flagship",
        "iPhone18,3": "flagship",
        "iPad15,5": "flagship",
        "iPad16,1": "flagship",
        "iPad15,7": "mid",
        "iPhone15,4": "mid",
        "iPhone14,6": "mid",
        "iPad13,16": "mid",
        "iPhone12,8": "low",
        "iPad12,1": "low",
        "iPad8,11": "low",
        "arm64": "low",
    }
    found = {m: select(target.tiers, DeviceProfile(machine=m)).name for m in expected}
    assert found == expected


def test_photos_are_what_decides_on_float32_islands(tmp_path):
    """A product beyond 65504 is computed in float32, and the report says why; a small one is not."""
    for name, factor in (("large", 300.0), ("small", 0.5)):
        folder = tmp_path / name
        folder.mkdir()
        text = f"""<ir_version: 8, opset_import: ["": 17]> g (float[1,3,16,16] image) => (float[1,3,16,16] y)
        <float[1] k = {{{factor}}}>
        {{ a = Mul (image, k)  b = Mul (a, a)  s = Sqrt (b)  y = Tanh (s) }}"""
        onnx.save(onnx.parser.parse_model(text), folder / "net.onnx")
        photos = write_photos(folder)
        artifact = convert(
            folder / "net.onnx", to="coreml", precision="fp16", out=folder, inputs=INPUTS, photos=photos
        )
        islands = artifact.meta["float32_islands"]
        assert bool(islands) is (name == "large")
        assert artifact.meta["parity"]["outputs"][0]["psnr_db"]["worst"] in (None,) or (
            artifact.meta["parity"]["outputs"][0]["psnr_db"]["worst"] > 45
        )


def test_compressed_weights_are_smaller_named_and_judged(tmp_path):
    """The scheme says so, and the figures are those of the compressed package; TFLite has no such thing."""
    weights = np.random.default_rng(0).normal(0, 0.1, (64, 64, 3, 3)).astype(np.float32)
    node = onnx.helper.make_node("Conv", ["image", "w"], ["y"], pads=[1, 1, 1, 1])
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [node],
        "net",
        [value("image", onnx.TensorProto.FLOAT, [1, 64, 8, 8])],
        [value("y", onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    opset = onnx.helper.make_opsetid("", 17)
    model = write_model(tmp_path, onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8))
    found = {
        how: convert(model, to="coreml", precision="fp16", compression=how, out=tmp_path / how).meta
        for how in ("none", "int8", "palette4")
    }
    assert [meta["scheme"] for meta in found.values()] == ["fp16", "fp16-int8", "fp16-palette4"]
    sizes = [meta["size_bytes"] for meta in found.values()]
    assert sizes[0] > 1.6 * sizes[1] > 1.6 * 1.6 * sizes[2]
    worst = [meta["parity"]["outputs"][0]["psnr_db"]["worst"] for meta in found.values()]
    assert worst[0] > worst[1] + 5 > worst[2] + 10
    with pytest.raises(UsageError, match="Core ML packages only"):
        convert(model, compression="int8", out=tmp_path)
    with pytest.raises(UsageError, match="iOS18"):
        convert(model, to="coreml", opset="iOS18", compression="int8", out=tmp_path)


@pytest.mark.parametrize("io", ["float32", "image"])
def test_an_output_picture_without_black_and_white_stops(here, io):
    """No picture is made, and no colour difference measured, of values that nobody explained."""
    write_config(here, rest='[outputs.picture]\nkind = "image"\n')
    with pytest.raises(DescriptionError, match=r"\[outputs.picture\] does not say the values of black"):
        convert(here / "tiny.onnx", to="coreml", precision="fp16", io=io, photos=here / "photos", out=here)


def test_an_unfinished_description_makes_no_pictures(here):
    """A file that still says "?" serves for arrays on made-up inputs, without figures of pictures."""
    write_config(here, rest='[outputs.picture]\nkind = "image"\nrange = "?"\n')
    made = convert(here / "tiny.onnx", to="coreml", precision="fp16", out=here)
    assert made.meta["parity"]["outputs"][0]["picture"] is None
    with pytest.raises(DescriptionError, match=r"picture .* cannot be an image of Core ML: nothing says"):
        convert(here / "tiny.onnx", to="coreml", precision="fp16", io="image", out=here)


def test_refusals_recommend_no_fallback(tmp_path):
    """The other converter writes TFLite only."""
    text = (
        """<ir_version: 8, opset_import: ["": 18]> g (float[2,3] x) => (int64[2,N] y) { y = NonZero (x) }"""
    )
    model = write_model(tmp_path, onnx.parser.parse_model(text))
    with pytest.raises(UnsupportedOperatorError) as caught:
        convert(model, to="coreml", out=tmp_path)
    assert "fallback" not in caught.value.hint
    with pytest.raises(UnsupportedOperatorError) as caught:
        convert(model, out=tmp_path)
    assert "--fallback onnx2tf" in caught.value.hint


def test_a_compressed_tier_needs_an_opset_that_has_it(here):
    """iOS18 writes palettes in another form; its devices load packages of iOS17."""
    text = TARGET.replace('precision = "fp32"', 'precision = "fp32"\ncompression = "int8"')
    (here / "phone.toml").write_text(text.replace('"coreml"', '"coreml"\nopset = "iOS18"'))
    with pytest.raises(TargetError, match=r"phone\.toml:3: opset: .*iOS16, iOS17"):
        package(target="phone.toml", photos="photos")
