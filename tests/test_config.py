"""mobilekit.toml: every key, and every mistake with its file, line and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mobilekit import resources
from mobilekit.config import descriptions_from_mapping, read_description, require_complete
from mobilekit.description import DEFAULT_VERSION, FaceDescription, TensorDescription, shows_faces
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


def test_the_mark_of_windows_editors_is_no_mistake(tmp_path):
    assert read(tmp_path, "\ufeff" + HEAD).path == tmp_path / "net.onnx"


def test_defaults(tmp_path):
    """Name and version have defaults; the name is fit for file names."""
    description = read(tmp_path, '[model]\npath = "a folder/My net (2).onnx"\n')
    assert (description.name, description.version) == ("My_net_2_", DEFAULT_VERSION)


def test_authorship(tmp_path):
    """What packages tell of their maker; not part of file names, so any text."""
    told = 'summary = "A face, moved"\nauthor = "A & B"\nlicense = "Apache-2.0"\n'
    description = read(tmp_path, HEAD + told)
    assert (description.summary, description.author, description.license) == (
        "A face, moved",
        "A & B",
        "Apache-2.0",
    )
    assert read(tmp_path, HEAD).author == ""
    assert "author" in str(refused(tmp_path, HEAD + "author = 3\n"))


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


def test_crops_and_faces(tmp_path):
    """What inputs show of photos, and the model that finds faces; what is not said are the defaults."""
    text = (
        IMAGE
        + 'crop = "face"\nface_size = 0.4\nface_center = [0.5, 0.45]\n'
        + '[inputs.small]\nkind = "image"\ncrop = "none"\npad = [1, 2, 3]\n'
        + '[inputs.same]\nkind = "image"\nof = "small"\n'
        + '[crop]\ndetector = "det.onnx"\nboxes = "centers"\nscore = 0.5\nmissing = "skip"\n'
        + "[crop.input]\nmean = [127, 127, 127]\nstd = [128, 128, 128]\npad = 114\n"
    )
    description = read(tmp_path, text)
    image, small = description.inputs["image"], description.inputs["small"]
    assert (image.crop, image.face_size, image.face_center) == ("face", 0.4, (0.5, 0.45))
    assert (small.crop, small.pad, description.inputs["same"].of) == ("none", (1.0, 2.0, 3.0), "small")
    faces = description.faces
    assert (faces.detector, faces.boxes, faces.score, faces.overlap) == ("det.onnx", "centers", 0.5, 0.3)
    assert faces.missing == "skip"
    assert faces.input is not None
    assert (faces.input.crop, faces.input.pad, faces.input.std) == ("none", (114.0,), (128.0,) * 3)
    plain = read(tmp_path, IMAGE)
    assert (plain.inputs["image"].crop, plain.inputs["image"].pad) == ("center", None)
    assert plain.faces == FaceDescription()


def test_identities_and_numbers(tmp_path):
    """An embedding with its matrix and length, and numbers that are written down."""
    text = (
        ARRAY
        + 'from = "a.onnx"\nof = "image"\noutput = "y"\nprojection = "emap.npy"\nnormalize = true\n'
        + '[inputs.id.input]\nkind = "image"\nrange = [-1, 1]\ncrop = "face"\nface_size = 0.8\n'
        + '[inputs.ratio]\nkind = "array"\nvalue = [[0.5], [1]]\n'
    )
    inputs = read(tmp_path, text).inputs
    said = inputs["id"]
    assert (said.output, said.projection, said.normalize) == ("y", "emap.npy", True)
    assert said.embedding is not None
    assert (said.embedding.crop, said.embedding.face_size) == ("face", 0.8)
    assert inputs["ratio"].value == ((0.5,), (1,))


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        (IMAGE + "crop = 'middle'\n", 5, "inputs.image.crop", "one of center, face, none"),
        (IMAGE + "pad = 0\n", 5, "inputs.image.pad", 'for crop = "none", this one is crop = "center"'),
        (IMAGE + "crop = 'none'\npad = 256\n", 6, "inputs.image.pad", "0…255, got 256"),
        (IMAGE + "crop = 'none'\npad = [1, 2]\n", 6, "inputs.image.pad", "a number or three"),
        (IMAGE + "face_size = 0\n", 5, "inputs.image.face_size", "share of the picture's height"),
        (IMAGE + "face_center = [0.5]\n", 5, "inputs.image.face_center", "shares of width and height"),
        (IMAGE + "face_center = [0.5, 2]\n", 5, "inputs.image.face_center", "[0.5, 2.0]"),
        (IMAGE + "projection = 'x.npy'\n", 5, "inputs.image.projection", 'for kind = "array"'),
        (IMAGE + "value = 1\n", 5, "inputs.image.value", 'for kind = "array"'),
        (ARRAY + "crop = 'none'\n", 5, "inputs.id.crop", 'for kind = "image"'),
        (ARRAY + "from = 'x.npy'\nvalue = 1\n", 6, "inputs.id.value", "from is given too"),
        (ARRAY + "value = []\n", 5, "inputs.id.value", "a number or lists of numbers"),
        (ARRAY + "value = ['x']\n", 5, "inputs.id.value", "a number or lists of numbers"),
        (ARRAY + "value = inf\n", 5, "inputs.id.value", "a number or lists of numbers"),
        (ARRAY + "from = 'x.npy'\nprojection = 'y.npy'\n", 6, "inputs.id.projection", "embedding model"),
        (ARRAY + "value = 1\nnormalize = true\n", 6, "inputs.id.normalize", "embedding model"),
        (
            ARRAY + "from = 'x.onnx'\n[inputs.id.input]\nkind = 'array'\n",
            7,
            "inputs.id.input.kind",
            "image",
        ),
        (HEAD + "[outputs.y]\nkind = 'image'\ncrop = 'face'\n", 5, "outputs.y.crop", "unknown key"),
        (HEAD + "[crop]\ndetektor = 'x.onnx'\n", 4, "crop.detektor", "unknown key"),
        (HEAD + "[crop]\nscore = 1.5\n", 4, "crop.score", "between 0 and 1"),
        (HEAD + "[crop]\nboxes = 'xywh'\n", 4, "crop.boxes", "one of corners, centers"),
        (HEAD + "[crop]\nmissing = 'drop'\n", 4, "crop.missing", "one of center, skip"),
        (HEAD + "[crop.input]\ncrop = 'face'\n", 4, "crop.input.crop", "one of none"),
        (HEAD + "[crop.input]\nface_size = 0.5\n", 4, "crop.input.face_size", "whole photos"),
        (HEAD + "[crop.input]\nmean = [0, 0, 0]\n", 4, "crop.input.mean", "std is missing"),
    ],
)
def test_mistakes_about_photos_are_located(tmp_path, text, line, key, words):
    """Keys about crops, faces and identities are as strict as the others."""
    error = refused(tmp_path, text)
    assert error.message.startswith(f"{tmp_path / 'mobilekit.toml'}:{line}: {key}: "), error.message
    assert words in error.message


def test_crop_of_a_command(tmp_path):
    """A crop that a command gives counts for all images, embedded ones too; its detector for all faces."""
    text = (
        IMAGE
        + "crop = 'none'\n[inputs.id]\nkind = 'array'\nfrom = 'a.onnx'\nof = 'image'\n"
        + "[inputs.id.input]\nrange = [0, 1]\n[crop]\ndetector = 'old.onnx'\nscore = 0.6\n"
    )
    before = read(tmp_path, text)
    after = before.cropping(crop="face", detector="new.onnx")
    assert after.inputs["image"].crop == "face"
    assert after.inputs["id"].embedding.crop == "face"
    assert (after.inputs["id"].crop, after.faces.detector, after.faces.score) == ("center", "new.onnx", 0.6)
    assert before.cropping() == before
    assert shows_faces(after, ["id"])
    assert not shows_faces(before, ["id", "image", "nobody"])


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


def documented_tables():
    """The TOML blocks of guides and reference that describe a model."""
    documents = Path(__file__).resolve().parents[1] / "docs"
    files = [*sorted((documents / "guides").glob("*.md")), documents / "reference/mobilekit-toml.md"]
    blocks = [
        block
        for file in files
        for block in re.findall(
            r"^```toml\n(.*?)^```", file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
    ]
    return [block for block in blocks if "[inputs." in block]


@pytest.mark.parametrize("block", documented_tables())
def test_documented_tables_are_understood(tmp_path, block):
    """What guide and reference show can be read as it stands."""
    description = read(tmp_path, block if "[model]" in block else HEAD + block)
    assert description.inputs
