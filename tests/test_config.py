"""mobilekit.toml: every key, and every mistake with its file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from mobilekit import resources
from mobilekit.config import descriptions_from_mapping, read_description, require_complete
from mobilekit.description import DEFAULT_VERSION, TensorDescription
from mobilekit.errors import DescriptionError
from mobilekit.tensors import Layout

HEAD = '[model]\npath = "net.onnx"\n'


def read(folder: Path, text: str):
    (folder / "mobilekit.toml").write_text(text, encoding="utf-8")
    return read_description(folder / "mobilekit.toml")


def refused(folder: Path, text: str) -> DescriptionError:
    with pytest.raises(DescriptionError) as caught:
        read(folder, text)
    return caught.value


def test_example_of_the_design(tmp_path):
    """The file of the documentation means what it says."""
    description = read(
        tmp_path,
        """
[model]
path = "face_fusion.onnx"
name = "face_fusion"
version = "1.2.0"
[inputs.target]
kind = "image"
range = [-1.0, 1]
color = "bgr"
layout = "nchw"
[inputs."identity:0"]
kind = "array"
from = "arcface.onnx"
of = "target"
[inputs."identity:0".input]
mean = [127.5]
std = [128]
color = "gray"
[outputs.fused]
kind = "image"
range = [0, 255]
""",
    )
    assert (description.name, description.version) == ("face_fusion", "1.2.0")
    assert description.path == tmp_path / "face_fusion.onnx"
    assert description.folder == tmp_path
    assert description.inputs["target"] == TensorDescription(
        kind="image", range=(-1.0, 1.0), color="bgr", layout=Layout.NCHW
    )
    embedding = description.inputs["identity:0"].embedding
    assert embedding == TensorDescription(kind="image", mean=(127.5,), std=(128.0,), color="gray")
    assert description.inputs["identity:0"].of == "target"
    assert description.outputs["fused"].range == (0.0, 255.0)
    require_complete(description)


def test_defaults(tmp_path):
    """Name and version have defaults; the name is fit for file names."""
    description = read(tmp_path, '[model]\npath = "a folder/My net (2).onnx"\n')
    assert (description.name, description.version) == ("My_net_2_", DEFAULT_VERSION)


def test_demo_is_described():
    """The embedded demo's own file is complete and names the embedded model."""
    description = read_description(resources.demo_description())
    require_complete(description)
    assert description.path == resources.demo_model()


IMAGE = HEAD + '[inputs.image]\nkind = "image"\n'
ARRAY = HEAD + '[inputs.id]\nkind = "array"\n'


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("[model]\nname = 'x'\n", 1, "model.path", "is missing"),
        ("[model]\npath = 3\n", 2, "model.path", "expected str, got 3"),
        (HEAD + "nam = 'x'\n", 3, "model.nam", "unknown key"),
        (HEAD + 'name = "a/b"\n', 3, "model.name", "file names"),
        (HEAD + 'version = "../1"\n', 3, "model.version", "file names"),
        (HEAD + "[input.x]\nkind = 'array'\n", 3, "input", "unknown key"),
        (HEAD + "[inputs.x]\n", 3, "inputs.x.kind", "is missing"),
        (HEAD + "[inputs.x]\nkind = 'picture'\n", 4, "inputs.x.kind", "one of image, array, got 'picture'"),
        (HEAD + "[inputs]\nx = 'image'\n", 4, "inputs.x", "expected dict"),
        (IMAGE + "range = [1, -1]\n", 5, "inputs.image.range", "black < white, got [1.0, -1.0]"),
        (IMAGE + "range = [0, 0]\n", 5, "inputs.image.range", "black < white"),
        (IMAGE + "range = [0]\n", 5, "inputs.image.range", "[black, white]"),
        (IMAGE + "range = 'x'\n", 5, "inputs.image.range", "expected list"),
        (IMAGE + "range = [0, nan]\n", 5, "inputs.image.range", "list of numbers"),
        (IMAGE + "range = [false, true]\n", 5, "inputs.image.range", "list of numbers"),
        (IMAGE + "mean = [1, 2, 3]\n", 5, "inputs.image.mean", "std is missing beside it"),
        (IMAGE + "mean = [1, 2]\nstd = [1, 1, 1]\n", 5, "inputs.image.mean", "expected 3 numbers"),
        (IMAGE + "mean = [1, 2, 3]\nstd = [1, 1, 0]\n", 6, "inputs.image.std", "above 0"),
        (
            IMAGE + "range = [0, 1]\nmean = [1, 2, 3]\nstd = [1, 1, 1]\n",
            6,
            "inputs.image.mean",
            "range is given",
        ),
        (IMAGE + "color = 'rbg'\n", 5, "inputs.image.color", "one of rgb, bgr, gray, got 'rbg'"),
        (IMAGE + "layout = 'chw'\n", 5, "inputs.image.layout", "one of nchw, nhwc"),
        (IMAGE + "from = 'x.npy'\n", 5, "inputs.image.from", 'for kind = "array"'),
        (ARRAY + "color = 'rgb'\n", 5, "inputs.id.color", 'for kind = "image"'),
        (ARRAY + "from = 'x.npy'\nof = 'image'\n", 6, "inputs.id.of", "embedding model"),
        (
            ARRAY + "from = 'x.npy'\n[inputs.id.input]\nrange = [0, 1]\n",
            6,
            "inputs.id.input",
            "embedding model",
        ),
        (HEAD + "[outputs.y]\nkind = 'array'\nfrom = 'x'\n", 5, "outputs.y.from", ""),
    ],
)
def test_mistakes_are_located(tmp_path, text, line, key, words):
    """Each mistake names the file, the line and the key, and what is expected."""
    error = refused(tmp_path, text)
    assert error.message.startswith(f"{tmp_path / 'mobilekit.toml'}:{line}: {key}: "), error.message
    assert words in error.message
    assert error.exit_code == 50


def test_did_you_mean(tmp_path):
    """An unknown key that is nearly a known one comes with that one."""
    assert "did you mean range?" in refused(tmp_path, IMAGE + "rang = [0, 1]\n").hint
    assert refused(tmp_path, IMAGE + "zzz = 1\n").hint == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[model\npath = 1", "line 1"),
        (b"\xff\xfe", "UTF-8"),
        (b'[model]\npath = "a"\npath = "b"\n', "line 3"),
    ],
)
def test_not_toml(tmp_path, content, words):
    """A file that is no TOML is refused with the place."""
    path = tmp_path / "mobilekit.toml"
    path.write_bytes(content)
    with pytest.raises(DescriptionError, match=words):
        read_description(path)


def test_missing_file(tmp_path):
    """A file that is not there is refused, with the command that writes one."""
    with pytest.raises(DescriptionError, match="mobilekit init") as caught:
        read_description(tmp_path / "mobilekit.toml")
    assert "nowhere" not in caught.value.message
    assert "mobilekit.toml" in caught.value.message


def test_unfinished_lines_are_listed(tmp_path):
    """A "?" can be read, but not packaged: each line is named."""
    text = (
        IMAGE
        + 'range = "?"\n[inputs.id]\nkind = "array"\nfrom = "?"\n[outputs.y]\nkind = "image"\nmean = "?"\nstd = "?"\n'
    )
    description = read(tmp_path, text)
    assert description.inputs["image"].range is None
    assert description.inputs["id"].source is None
    with pytest.raises(DescriptionError) as caught:
        require_complete(description)
    file = tmp_path / "mobilekit.toml"
    for line, key in (
        (5, "inputs.image.range"),
        (8, "inputs.id.from"),
        (11, "outputs.y.mean"),
        (12, "outputs.y.std"),
    ):
        assert f"{file}:{line}: {key}" in caught.value.message


def test_data_given_otherwise_finishes_a_line(tmp_path):
    """`--input id=…` answers `from = "?"`, and nothing else."""
    description = read(tmp_path, ARRAY + 'from = "?"\n')
    require_complete(description, given={"id"})
    with pytest.raises(DescriptionError):
        require_complete(description, given={"other"})


def test_keyword_means_the_same(tmp_path):
    """The Python keyword takes the keys of the file, tuples included."""
    found = descriptions_from_mapping(
        {
            "image": {"kind": "image", "range": (-1, 1), "layout": Layout.NHWC},
            "id": {"kind": "array", "from": Path("a.npy")},
        }
    )
    text = IMAGE + 'range = [-1, 1]\nlayout = "nhwc"\n[inputs.id]\nkind = "array"\nfrom = "a.npy"\n'
    assert found == dict(read(tmp_path, text).inputs)


@pytest.mark.parametrize(
    ("inputs", "key"),
    [
        ({"image": {"kind": "image", "rang": (0, 1)}}, "image.rang"),
        ({"image": {"kind": "image", "range": (1, 0)}}, "image.range"),
        ({"image": {"kind": "image", "range": "?"}}, "image.range"),
        ({"image": "image"}, "image"),
    ],
)
def test_keyword_mistakes(inputs, key):
    """Mistakes in the keyword name the key; there is no file or line to name."""
    with pytest.raises(DescriptionError, match=f"^inputs: {key}"):
        descriptions_from_mapping(inputs)
