"""Packages that coremltools saves are read: program, constants of every size, border, metadata."""

import gc
import json
import warnings

import numpy as np
import pytest

from mobilekit.errors import ModelFileError
from mobilekit.libraries import coremltools
from mobilekit.runtimes.mil_reference.reader import program_of, read_package


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A product and a choice between two branches, saved with its weights in a file."""
    ct = coremltools()
    from coremltools.converters.mil import Builder as mb  # noqa: N813

    weight = np.arange(64, dtype=np.float32).reshape(4, 16)

    @mb.program(input_specs=[mb.TensorSpec(shape=(2, 16))], opset_version=ct.target.iOS17)
    def tiny(x):
        y = mb.linear(x=x, weight=weight, bias=np.ones(4, np.float32), name="y")
        most = mb.reduce_max(x=y, name="most")
        return mb.cond(
            pred=mb.greater(x=most, y=0.0),
            _true_fn=lambda: mb.relu(x=y, name="first"),
            _false_fn=lambda: mb.identity(x=y, name="second"),
            name="z",
        )

    path = tmp_path_factory.mktemp("package") / "tiny.mlpackage"
    with warnings.catch_warnings():
        # coremltools leaves its temporary folder to the garbage collector, which warns of it.
        warnings.simplefilter("ignore", ResourceWarning)
        _save(ct, tiny, path)
        gc.collect()
    return path, weight


def _save(ct, tiny, path):
    model = ct.convert(
        tiny,
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS17,
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    )
    model.user_defined_metadata["of"] = "ours"
    model.save(str(path))


def test_a_saved_package_is_read_whole(package):
    """A saved package is read whole: functions, blocks, weights, features and metadata."""
    path, weight = package
    read = read_package(path)
    main = read.functions[read.default]
    assert main.opset == 17
    assert [(f.name, f.dtype, f.shape) for f in read.inputs] == [("x", "fp32", (2, 16))]
    assert [f.name for f in read.outputs] == ["z"]
    assert read.metadata["of"] == "ours"
    cond = next(o for o in main.block.operations if o.type == "cond")
    assert [block.operations[-1].type for block in cond.blocks] == ["relu", "identity"]
    held = [o.attributes["val"].value for o in main.block.operations if o.type == "const"]
    assert any(isinstance(v, np.ndarray) and v.shape == (4, 16) and np.array_equal(v, weight) for v in held)


def test_what_is_no_package_is_named(package, tmp_path):
    """What is no package, or a damaged one, is an error that says what is wrong."""
    with pytest.raises(ModelFileError, match=r"not a \.mlpackage folder"):
        read_package(tmp_path / "missing.mlpackage")
    manifest = json.loads((package[0] / "Manifest.json").read_text())
    (tmp_path / "Manifest.json").write_text("{}")
    with pytest.raises(ModelFileError, match="no root model"):
        read_package(tmp_path)
    manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"] = "../../outside"
    (tmp_path / "Manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelFileError, match="outside the package"):
        read_package(tmp_path)
    model = tmp_path / "Data/com.apple.CoreML/model.mlmodel"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"\xff\xff\xff")
    (tmp_path / "Manifest.json").write_text((package[0] / "Manifest.json").read_text())
    with pytest.raises(ModelFileError, match="not a Core ML specification"):
        read_package(tmp_path)


def test_other_kinds_of_models_are_refused(tmp_path):
    """Models that are not ML programs, and programs of an unknown opset, are refused."""
    coremltools()
    from coremltools.proto import Model_pb2

    with pytest.raises(ModelFileError, match="of type neuralNetwork, expected mlProgram"):
        program_of(Model_pb2.Model(neuralNetwork={}), tmp_path)
    future = Model_pb2.Model()
    future.mlProgram.functions["main"].opset = "CoreML99"
    with pytest.raises(ModelFileError, match="opset 'CoreML99', expected one of CoreML5"):
        program_of(future, tmp_path)
