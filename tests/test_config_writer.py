"""What `init` writes can be read again, and is finished once its marked lines are filled in."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.calibrate.fit import image_fit
from mobilekit.config import read_description, require_complete
from mobilekit.config_writer import image_layout, starter_text
from mobilekit.tensors import DType, Layout, TensorSpec


def spec(name: str, *shape: int, dtype: DType = DType.FLOAT32) -> TensorSpec:
    return TensorSpec(name=name, dtype=dtype, shape=shape)


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((1, 3, 224, 224), Layout.NCHW),
        ((0, 3, 0, 0), Layout.NCHW),
        ((1, 1, 28, 28), Layout.NCHW),
        ((1, 224, 224, 3), Layout.NHWC),
        ((1, 512), None),
        ((1, 64, 64, 64), None),
        ((1, 3, 4, 4), None),
        ((1, 3, 85), None),
        ((), None),
    ],
)
def test_what_could_be_a_picture(shape, layout):
    """Three or one channels, and more than a few pixels high and wide."""
    assert image_layout(spec("x", *shape)) == layout


def test_integers_are_no_pictures():
    """Token ids of any shape are arrays; bytes may be a picture."""
    assert image_layout(spec("x", 1, 3, 224, 224, dtype=DType.INT64)) is None
    assert image_layout(spec("x", 1, 3, 224, 224, dtype=DType.UINT8)) is Layout.NCHW


def test_who_made_it_is_to_be_uncommented(tmp_path):
    """Summary, author and licence are there as comments: valid keys once the marks are gone, unsaid until then."""
    text = starter_text(path="net.onnx", name="net", inputs=[spec("x", 1, 4)], outputs=[])
    (tmp_path / "mobilekit.toml").write_text(text)
    assert read_description(tmp_path / "mobilekit.toml").author == ""
    for key in ("summary", "author", "license"):
        text = text.replace(f'# {key} = ""', f'{key} = "of {key}"')
    (tmp_path / "mobilekit.toml").write_text(text)
    said = read_description(tmp_path / "mobilekit.toml")
    assert (said.summary, said.author, said.license) == ("of summary", "of author", "of license")


def test_filled_in_is_finished(tmp_path):
    """Every "?" is listed with its line; replacing them finishes the file."""
    text = starter_text(
        path="net.onnx",
        name="net",
        inputs=[spec("image", 0, 3, 0, 0), spec("input.1", 1, 512)],
        outputs=[spec("out", 1, 3, 64, 64), spec("mask", 1, 1, 64, 64), spec("n", 1, dtype=DType.INT64)],
    )
    file = tmp_path / "mobilekit.toml"
    file.write_text(text, encoding="utf-8")
    unfinished = read_description(file).unfinished
    assert set(unfinished) == {"inputs.image.range", "inputs.input.1.from", "outputs.out.range"}
    lines = text.splitlines()
    for place in unfinished.values():
        assert '"?"' in lines[int(place.rpartition(":")[2]) - 1]
        assert "FILL IN" in lines[int(place.rpartition(":")[2]) - 1]
    filled = text.replace('range = "?"', "range = [0.0, 1.0]").replace('from = "?"', 'from = "id.npy"')
    file.write_text(filled, encoding="utf-8")
    description = read_description(file)
    require_complete(description)
    assert description.inputs["image"].range == (0.0, 1.0)
    assert description.outputs["mask"].kind == "array"


def test_a_vector_may_be_an_identity(tmp_path):
    """Beside images a vector is proposed as an embedding: one line to fill in, the others to uncomment."""
    text = starter_text(
        path="net.onnx",
        name="net",
        inputs=[
            spec("target", 1, 3, 64, 64),
            spec("s{}", 1, 3, 64, 64),
            spec("id", 0, 512),
            spec("mask", 1, 1, 64, 64),
        ],
        outputs=[],
    )
    file = tmp_path / "mobilekit.toml"
    filled = text.replace('range = "?"', "range = [0.0, 1.0]").replace('from = "?"', 'from = "arcface.onnx"')
    filled = filled.partition("[inputs.mask]")[0]
    head, _, proposal = filled.partition("# of =")
    file.write_text(head + "# of =" + proposal, encoding="utf-8")
    assert read_description(file).inputs["id"].source == "arcface.onnx"
    file.write_text(head + "of =" + proposal.replace("\n# ", "\n"), encoding="utf-8")
    said = read_description(file).inputs["id"]
    assert (said.of, said.projection, said.normalize) == ("s{}", "emap.npy", True)
    assert said.embedding is not None
    assert (said.embedding.crop, said.embedding.range) == ("face", (-1.0, 1.0))


@pytest.mark.parametrize(
    "other",
    [spec("id", 1, 64), spec("id", 1, 2048), spec("id", 4, 512), spec("id", 512), spec("id", 1, 1, 512)],
)
def test_other_arrays_are_no_identities(other):
    """Other lengths and ranks, integers, and vectors without a picture beside them are plain arrays."""
    image = spec("image", 1, 3, 64, 64)
    tokens = spec("id", 1, 512, dtype=DType.INT64)
    for inputs in ([image, other], [image, tokens], [spec("id", 1, 512)]):
        text = starter_text(path="net.onnx", name="net", inputs=inputs, outputs=[])
        assert "projection" not in text
        assert 'from = "?"' in text


@given(st.text(min_size=1))
def test_any_name_survives(name):
    """ONNX names may hold anything; the file keeps them exactly."""
    name = name.encode("utf-8", "ignore").decode() or "x"
    text = starter_text(path=name, name="net", inputs=[spec(name, 1, 3, 64, 64)], outputs=[spec(name, 1)])
    data = tomllib.loads(text)
    assert list(data["inputs"]) == [name]
    assert list(data["outputs"]) == [name]
    assert data["model"]["path"] == name


@pytest.mark.parametrize(("dtype", "asked"), [(DType.UINT8, False), (DType.FLOAT32, True)])
def test_only_floats_need_a_range(tmp_path, dtype, asked):
    """Bytes are the photo's own values: nothing is left to fill in; floats need the maker's range."""
    image = spec("image", 1, 8, 8, 3, dtype=dtype)
    file = tmp_path / "mobilekit.toml"
    file.write_text(starter_text(path="net.onnx", name="net", inputs=[image], outputs=[]), encoding="utf-8")
    description = read_description(file)
    assert set(description.unfinished) == ({"inputs.image.range"} if asked else set())
    assert ("0…255, and no range" in file.read_text(encoding="utf-8")) is not asked
    if not asked:
        assert image_fit(image, description.inputs["image"]).height == 8
