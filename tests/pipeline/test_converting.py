"""``convert``: what it writes, what it checks, and what it refuses."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mobilekit.artifact import digest_of_path
from mobilekit.errors import (
    ConversionDisagreementError,
    DescriptionError,
    MissingPhotosError,
    OutputError,
    PlanError,
    UnsupportedOperatorError,
    UsageError,
)
from mobilekit.pipeline import convert
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.ort import open_onnx
from mobilekit.source.graph import graph_from_proto
from tests.pipeline.support import INPUTS, SIDE, tiny_model, write_config, write_model, write_photos


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _feed(seed=0, side=SIDE):
    return {"image": np.random.default_rng(seed).uniform(-1, 1, (1, 3, side, side)).astype(np.float32)}


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-4), ("fp16", 1e-2), ("int8-dynamic", 0.1)])
def test_file_computes_what_the_model_computes(here, precision, tolerance):
    """The file speaks the model's names and shapes, and agrees with it as far as its precision goes."""
    model = write_model(here)
    artifact = convert(model, precision=precision, out=here / "build", inputs=INPUTS)
    with open_runtime(artifact.path) as session, open_onnx(model) as reference:
        np.testing.assert_allclose(
            session.run(_feed())["picture"], reference.run(_feed())["picture"], atol=tolerance
        )
    assert artifact.path == here / "build" / f"tiny.{precision}.tflite"
    assert artifact.digest == digest_of_path(artifact.path)


def test_without_data_the_artifact_says_how_it_was_verified(here):
    """Synthetic verification is a warning of the artifact, real photos are not."""
    model = write_model(here)
    assert "synthetic" in convert(model, out=here, inputs=INPUTS).meta["warnings"][0]
    assert convert(model, out=here, inputs=INPUTS, photos=write_photos(here)).meta["warnings"] == []


def test_photos_of_one_colour_are_a_warning(here):
    """Black ones, say; one photo that shows something is enough."""
    from PIL import Image

    model, photos = write_model(here), here / "black"
    photos.mkdir()
    for index in range(4):
        Image.new("RGB", (32, 32), (index, 0, 0)).save(photos / f"{index}.png")
    given = {"out": here, "inputs": INPUTS, "photos": photos}
    assert "of one even colour" in convert(model, **given).meta["warnings"][-1]
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(photos / "2.png")
    assert convert(model, **given).meta["warnings"] == []


def test_int8_takes_its_plan_back_without_calibrating(here):
    """The plan beside an int8 file gives the same bytes again, without photos."""
    model, photos = write_model(here), write_photos(here)
    first = convert(model, precision="int8", out=here / "a", inputs=INPUTS, photos=photos)
    again = convert(model, precision="int8", out=here / "b", inputs=INPUTS, plan=here / "a" / "plan.json")
    assert first.meta["scheme"] == "w8a8-static"
    assert again.digest == first.digest


def test_int8_from_ready_made_feeds(here):
    """``samples`` calibrate as photos do, without any description."""
    model = write_model(here)
    artifact = convert(model, precision="int8", out=here, samples=[_feed(i) for i in range(4)])
    assert artifact.meta["parity"]["samples"] == 2


def test_int8_borders_are_integers_when_asked_for(here):
    """io="int8" makes the file's input uint8 − 128 of the declared range."""
    from mobilekit.package.tflite_facts import facts_of

    model, photos = write_model(here), write_photos(here)
    artifact = convert(model, precision="int8", out=here, inputs=INPUTS, photos=photos, io="int8")
    facts = facts_of(artifact.path)
    border = facts.tensors[facts.inputs[0]]
    assert border.dtype == "int8"
    assert border.quantisation.scale == pytest.approx(2 / 255, rel=1e-3)


def test_int8_without_anything_to_calibrate_on_is_refused(here):
    """Calibration has no silent default."""
    with pytest.raises(MissingPhotosError, match="--photos"):
        convert(write_model(here), precision="int8", out=here, inputs=INPUTS)


def test_photos_without_a_description_are_refused(here):
    """What is an image is said by the user, never guessed from a shape."""
    with pytest.raises(DescriptionError, match="mobilekit init"):
        convert(write_model(here), out=here, photos=write_photos(here))


def test_plan_of_another_model_is_refused(here):
    """A plan's integers hold for one graph."""
    photos = write_photos(here)
    convert(write_model(here), precision="int8", out=here / "a", inputs=INPUTS, photos=photos)
    other = write_model(here, tiny_model(seed=1), "other.onnx")
    with pytest.raises(PlanError, match="another graph"):
        convert(other, precision="int8", out=here, inputs=INPUTS, plan=here / "a" / "plan.json")


def test_damaged_plan_is_refused(here):
    """A plan that is not one is named."""
    (here / "plan.json").write_text("{}")
    with pytest.raises(PlanError):
        convert(write_model(here), precision="int8", out=here, inputs=INPUTS, plan=here / "plan.json")


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"io": "int8"}, "precision int8"),
        ({"plan": "plan.json"}, "plan"),
        ({"precision": "int4"}, "int4"),
        ({"to": "onnx"}, "to is 'onnx'"),
        ({"to": "coreml", "precision": "int8"}, "precision is 'int8'"),
        ({"to": "coreml", "io": "int8"}, "io is 'int8'"),
        ({"io": "image"}, "io is 'image'"),
        ({"to": "coreml", "opset": "iOS14"}, "iOS14"),
        ({"to": "coreml", "fallback": "onnx2tf"}, "onnx2tf writes TFLite only"),
        ({"opset": "iOS16"}, "opset iOS16 is a version of Core ML, tflite is asked for"),
        ({"photos": ["a.jpg"]}, "photos is a list"),
        ({"fallback": "other"}, "onnx2tf"),
    ],
)
def test_keywords_that_do_not_fit_together_are_refused(here, keywords, words):
    """Before any work is done."""
    with pytest.raises(UsageError, match=words):
        convert(write_model(here), out=here, **keywords)


def test_config_applies_only_to_the_model_it_names(here):
    """mobilekit.toml in the working folder is about its own model; given explicitly it must fit."""
    model = write_model(here)
    write_config(here, model="another.onnx")
    artifact = convert(model, out=here)
    assert artifact.meta["converter"] == "mobilekit"
    with pytest.raises(UsageError, match=r"another\.onnx"):
        convert(model, out=here, config=here / "mobilekit.toml")


def test_description_of_a_tensor_that_is_not_there_is_refused(here):
    """A misspelt input is an error that lists the right names."""
    with pytest.raises(DescriptionError, match="image"):
        convert(write_model(here), out=here, inputs={"imagge": {"kind": "image", "range": [0, 1]}})


def test_unsupported_operator_names_node_and_remedy(here):
    """An operator outside the table is refused before anything is written."""
    box = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Det", ["x"], ["y"], name="determinant")],
        "g",
        [box("x", TensorProto.FLOAT, [1, 9, 9])],
        [box("y", TensorProto.FLOAT, [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(UnsupportedOperatorError, match=r"Det.*(?s:.*)onnx2tf"):
        convert(write_model(here, model), out=here / "build")
    assert list((here / "build").iterdir()) == []


def test_wrong_emitter_is_caught_and_the_operator_named(here, monkeypatch):
    """A file that computes something else is an error naming the first wrong operator, not a warning."""
    from mobilekit.pipeline.formats import tflite

    true_emit = tflite.emit

    def wrong(graph, **keywords):
        model = graph.proto()
        for node in model.graph.node:
            if node.op_type == "LeakyRelu":
                node.attribute.append(helper.make_attribute("alpha", 0.5))
        return true_emit(graph_from_proto(model, stage="legalised"), **keywords)

    monkeypatch.setattr(tflite, "emit", wrong)
    with pytest.raises(ConversionDisagreementError, match="LeakyRelu"):
        convert(write_model(here), out=here / "build", inputs=INPUTS)
    assert list((here / "build").iterdir()) == []


def test_output_folder_that_is_a_file_is_refused_first(here):
    """Nothing is built when nothing could be written."""
    (here / "build").write_text("")
    with pytest.raises(OutputError):
        convert(here / "not_even_there.onnx", out=here / "build")


def test_dynamic_dimensions_come_from_shapes(here):
    """A given shape fixes a dynamic model, and the file has it."""
    model = write_model(here, tiny_model(side="side"))
    artifact = convert(model, out=here, inputs=INPUTS, shapes={"image": (1, 3, 20, 20)})
    with open_runtime(artifact.path) as session:
        assert session.outputs[0].shape == (1, 3, 20, 20)


def _shifted(operator_before_add: str) -> onnx.ModelProto:
    """Picture (or image) + shift, an array input of shape 1×3."""
    model = tiny_model()
    del model.graph.output[:]
    model.graph.input.append(helper.make_tensor_value_info("shift", TensorProto.FLOAT, [1, 3]))
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 3, 1, 1]), "s"))
    model.graph.node.append(helper.make_node("Reshape", ["shift", "s"], ["r"]))
    model.graph.node.append(helper.make_node("Add", [operator_before_add, "r"], ["y"]))
    model.graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    return model


def test_identity_vector_beside_an_image(here):
    """An array input gets its values from .npy files, photo by photo."""
    np.save(here / "shift.npy", np.array([[0.1, -0.2, 0.3]], dtype=np.float32))
    inputs = {**INPUTS, "shift": {"kind": "array", "from": "shift.npy"}}
    model = write_model(here, _shifted("picture"))
    artifact = convert(model, precision="int8", out=here, inputs=inputs, photos=write_photos(here))
    assert artifact.meta["parity"]["outputs"][0]["psnr_db"]["mean"] > 20
    assert artifact.meta["warnings"] == []


def test_int8_in_name_only_says_so(here):
    """Where the plan leaves all operators in float, the artifact has a warning."""
    feeds = [{**_feed(i), "shift": np.full((1, 3), 0.1 * i, np.float32)} for i in range(4)]
    model = _shifted("image")
    del model.graph.node[:3]
    artifact = convert(write_model(here, model), precision="int8", out=here, samples=feeds)
    assert "no operator of this file computes with integers" in artifact.meta["warnings"][0]
