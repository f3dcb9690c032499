"""Whatever is wrong with what a user gives: one clear error, its own exit code, no traceback, no files."""

from __future__ import annotations

import re
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from mobilekit.cli import app
from tests.pipeline.support import project, tiny_model, write_config, write_model, write_target


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder where everything is right."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOBILEKIT_VERIFY", "cpu")
    write_target(project(tmp_path))
    return tmp_path


@pytest.fixture
def run(here, monkeypatch, capsys):
    """`run("package", …)` → exit code and what it printed on stderr; checks the form of the error."""

    def command(*arguments: object, tiers: str = "rest") -> tuple[int, str]:
        fixed = ["--target", "mine.toml", "--out", "dist", "--store", "store"]
        tier = ["--tier", tiers] if "--tier" not in arguments else []
        given = list(map(str, arguments))
        monkeypatch.setattr(sys, "argv", ["mobilekit", "package", *_without(fixed, given), *tier, *given])
        with pytest.raises(SystemExit) as ended:
            app.main()
        errors = capsys.readouterr().err
        code = int(ended.value.code or 0)
        if code:
            assert errors.startswith("error: ")
            assert "\nhint: " in errors or re.search(r"\.toml:\d+: ", errors)
            assert "Traceback" not in errors
            assert not [p for p in (here / "dist").rglob("*") if p.is_file()]
        return code, errors

    return command


def _without(fixed: list[str], given: list[str]) -> list[str]:
    """``fixed`` without the options that are given."""
    pairs = zip(fixed[::2], fixed[1::2], strict=True)
    return [text for flag, value in pairs if flag not in given for text in (flag, value)]


PHOTOS = ("--photos", "photos")


def test_nothing_wrong(run):
    """The negative twin of all that follows."""
    assert run(*PHOTOS)[0] == 0


def test_not_onnx(here, run):
    """A text file is not a model."""
    (here / "tiny.onnx").write_text("hello")
    code, errors = run(*PHOTOS)
    assert code == 10
    assert "tiny.onnx" in errors


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.97])
def test_truncated_onnx(here, run, share):
    """Cut off anywhere, a model is refused as truncated or as incomplete."""
    content = (here / "tiny.onnx").read_bytes()
    (here / "tiny.onnx").write_bytes(content[: int(share * len(content))])
    assert run(*PHOTOS)[0] == 10


def test_missing_model(run):
    """A path that is not there."""
    assert run("nowhere.onnx", *PHOTOS)[0] == 10


def test_unknown_opset(here, run):
    """An opset of the future is named, with the known ones."""
    model = tiny_model()
    model.opset_import[0].version = 99
    write_model(here, model)
    code, errors = run(*PHOTOS)
    assert code == 11
    assert "99" in errors


def test_unknown_domain(here, run):
    """An operator of somebody's own domain."""
    model = tiny_model()
    model.graph.node[1].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    write_model(here, model)
    code, errors = run(*PHOTOS)
    assert code == 11
    assert "com.example" in errors


def _external(here: Path, location: str) -> None:
    model = tiny_model()
    tensor = model.graph.initializer[0]
    content = tensor.raw_data
    onnx.external_data_helper.set_external_data(tensor, location=location, offset=0, length=len(content))
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    (here / "tiny.onnx").write_bytes(model.SerializeToString())


def test_missing_external_data(here, run):
    """The weights' file is named."""
    _external(here, "weights.bin")
    code, errors = run(*PHOTOS)
    assert code == 12
    assert "weights.bin" in errors


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "/dev/zero"])
def test_external_data_that_leaves_the_folder(here, run, location):
    """It is refused before it is read, even where it is only hashed."""
    (here.parent / "secret.bin").write_bytes(bytes(10_000))
    _external(here, location)
    code, errors = run(*PHOTOS)
    assert code == 12
    assert "folder" in errors


def test_nan_weights(here, run):
    """The tensor is named."""
    model = tiny_model()
    broken = numpy_helper.to_array(model.graph.initializer[1]).copy()
    broken[0, 0, 0, 0] = np.nan
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(broken, "w2"))
    write_model(here, model)
    code, errors = run(*PHOTOS)
    assert code == 13
    assert "w2" in errors


def test_open_dimensions_of_an_array(here, run):
    """What to give is listed."""
    text = (
        '<ir_version: 8, opset_import: ["": 17]> g (float[1,3,16,16] image, float[k] v)'
        " => (float[1,3,16,16] y) { s = ReduceSum <keepdims = 1> (v) y = Add (image, s) }"
    )
    write_model(here, onnx.parser.parse_model(text))
    code, errors = run(*PHOTOS)
    assert code == 14
    assert "--shape v=" in errors


def test_unsupported_operator(here, run):
    """Node and remedy."""
    model = tiny_model()
    model.graph.node[1].op_type = "Det"
    model.graph.node[1].name = "odd"
    del model.graph.node[2]
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("b", TensorProto.FLOAT, None))
    write_model(here, model)
    code, errors = run(*PHOTOS)
    assert code == 20
    assert "Det" in errors
    assert "--fallback onnx2tf" in errors


def test_no_photos(run):
    """The command that makes it work is printed."""
    code, errors = run()
    assert code == 41
    assert "mobilekit package tiny.onnx --target mine.toml --photos FOLDER --out dist" in errors


def test_photo_folder_without_photos(here, run):
    """An empty folder is no photos either."""
    (here / "empty").mkdir()
    assert run("--photos", "empty")[0] == 41


def _bad(here: Path, name: str, content: bytes) -> None:
    (here / "photos" / name).write_bytes(content)


def test_photo_that_is_not_an_image(here, run):
    """It is named."""
    _bad(here, "holiday.jpg", b"not an image at all")
    code, errors = run(*PHOTOS)
    assert code == 40
    assert "holiday.jpg" in errors


def test_truncated_photo(here, run):
    """Its header is fine; decoding it is not."""
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (64, 64, 3)).astype(np.uint8)).save(here / "photos" / "cut.png")
    content = (here / "photos" / "cut.png").read_bytes()
    _bad(here, "cut.png", content[: len(content) // 2])
    code, errors = run(*PHOTOS, tiers="best")
    assert code == 40
    assert "cut.png" in errors


def test_photo_of_one_pixel(here, run):
    """A tracking dot is not a photo."""
    Image.new("RGB", (1, 1)).save(here / "photos" / "dot.png")
    code, errors = run(*PHOTOS)
    assert code == 40
    assert "1×1" in errors


def test_decompression_bomb(here, run):
    """A small file of enormous size is refused by its header."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    _bad(here, "bomb.png", b"\x89PNG\r\n\x1a\n" + body)
    code, errors = run(*PHOTOS)
    assert code == 40
    assert "bomb.png" in errors


@pytest.mark.parametrize("mode", ["CMYK", "I;16", "RGBA", "LA", "P", "exif"])
def test_unusual_photos_are_fine(here, run, mode):
    """CMYK, 16 bit, transparent, palette and turned photos are photos."""
    photo = Image.open(here / "photos" / "00.png").convert("RGB")
    if mode == "exif":
        exif = Image.Exif()
        exif[0x0112] = 6
        photo.save(here / "photos" / "odd.jpg", exif=exif)
    elif mode == "I;16":
        grey = np.asarray(photo.convert("L"), dtype=np.uint16) * 257
        Image.fromarray(grey).save(here / "photos" / "odd.png")
    else:
        photo.convert(mode).save(here / "photos" / f"odd.{'tiff' if mode == 'CMYK' else 'png'}")
    assert run(*PHOTOS)[0] == 0


def test_output_that_is_a_file(here, run):
    """The folder cannot be made."""
    (here / "file").write_text("")
    code, errors = run(*PHOTOS, "--out", "file")
    assert code == 60
    assert "file" in errors


def test_output_folder_that_is_full(here, run, monkeypatch):
    """No space left: the error says so, and no half file stays."""
    import errno
    import shutil

    def full(*_arguments: object, **_keywords: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    run_first, _ = run(*PHOTOS)
    assert run_first == 0
    shutil.rmtree(here / "dist")
    monkeypatch.setattr("mobilekit.pipeline.publish.shutil.copytree", full)
    code, errors = run(*PHOTOS)
    assert code == 60
    assert "No space left" in errors


def test_unknown_target(run):
    """The known ones are listed."""
    code, errors = run(*PHOTOS, "--target", "blackberry")
    assert code == 51
    assert "android" in errors


def test_bad_target_file(here, run):
    """File, line and key."""
    write_target(here, (here / "mine.toml").read_text().replace("size = [12, 12]", "size = 12"))
    code, errors = run(*PHOTOS)
    assert code == 51
    assert re.search(r"mine\.toml:15: tiers\[1\]\.size", errors)


def test_unknown_tier(run):
    """The target's tiers are listed."""
    code, errors = run(*PHOTOS, "--tier", "huge")
    assert code == 52
    assert "best, rest" in errors


def test_bad_model_file(here, run):
    """File, line and key of mobilekit.toml."""
    write_config(here, rest="colour = 3\n")
    code, errors = run(*PHOTOS)
    assert code == 50
    assert re.search(r"mobilekit\.toml:8: inputs\.image\.colour", errors)


def _with_array(here: Path) -> None:
    model = tiny_model()
    model.graph.input.append(helper.make_tensor_value_info("v", TensorProto.FLOAT, [1, 3, 1, 1]))
    model.graph.node.append(helper.make_node("Add", ["picture", "v"], ["y"]))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    write_model(here, model)


def test_array_input_without_data(here, run):
    """How to give it is said; giving it works, from a file or a folder."""
    _with_array(here)
    code, errors = run(*PHOTOS)
    assert code == 42
    assert "--input v=" in errors
    (here / "vs").mkdir()
    np.save(here / "vs" / "a.npy", np.zeros((1, 3, 1, 1), np.float32))
    np.save(here / "vs" / "b.npy", np.ones((1, 3, 1, 1), np.float32))
    assert run(*PHOTOS, "--input", "v=vs/a.npy")[0] == 0
    assert run(*PHOTOS, "--input", "v=vs")[0] == 0


@pytest.mark.parametrize("array", [np.zeros((2, 2), np.float32), np.zeros((1, 3, 1, 1), np.int64)])
def test_array_input_of_another_shape_or_type(here, run, array):
    """Got and expected."""
    _with_array(here)
    np.save(here / "v.npy", array)
    assert run(*PHOTOS, "--input", "v=v.npy")[0] == 42
