"""The table of rewritings against the whole schema history of ONNX, and each of them in ONNX Runtime."""

import numpy as np
import onnx
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.normalise.modernise import CANONICAL_OPSET, REWRITES
from mobilekit.source.check import MINIMUM_OPSET
from tests.normalise.support import model, normalised, ops

# Differences of schemas that change no node: what they add is optional, and its default is what was before.
HARMLESS = {
    "ArgMax", "ArgMin", "Cast", "CastLike", "Constant", "DepthToSpace", "DequantizeLinear", "GRU",
    "GatherND", "Gemm", "LSTM", "LpPool", "MaxPool", "OptionalHasElement", "QuantizeLinear", "RNN", "Reshape",
    "ScatterElements", "ScatterND", "Shape",
}  # fmt: skip
# Refused before this pass is reached: control flow.
REFUSED = {"Scan"}


def _signature(schema):
    """What a node can say and what it means when it does not."""
    attributes = {
        name: (a.required, onnx.helper.get_attribute_value(a.default_value) if a.default_value.name else None)
        for name, a in schema.attributes.items()
    }
    return attributes, [(i.name, i.option) for i in schema.inputs], len(schema.outputs), schema.deprecated


def _changed():
    """Operators whose signature differs between opset 7 and 21, or that are deprecated by then."""
    versions = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "" and schema.since_version <= CANONICAL_OPSET:
            versions.setdefault(schema.name, []).append(schema)
    for name, schemas in versions.items():
        first = max((s.since_version for s in schemas if s.since_version <= MINIMUM_OPSET), default=0)
        relevant = [s for s in schemas if s.since_version >= first]
        if len({repr(_signature(s)) for s in relevant}) > 1 or any(s.deprecated for s in relevant):
            yield name


def test_every_changed_operator_is_rewritten_or_known_to_be_harmless():
    """A new version of onnx with another change would fail here."""
    renamed = {"BatchNormalization"}  # only the names of its inputs changed after opset 14
    assert set(_changed()) - HARMLESS - REFUSED == set(REWRITES) | (renamed - set(REWRITES))


def test_the_rewritings_start_at_schema_versions():
    """Each boundary is an opset in which that operator got a new schema."""
    versions = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "":
            versions.setdefault(schema.name, set()).add(schema.since_version)
    for op, rewritings in REWRITES.items():
        assert {first for first, _ in rewritings} <= versions[op], op


F = "float[1,4,6,6]"
CASES = [
    (7, "y = Clip <min = -0.5, max = 0.5> (x)", "1,4,6,6"),
    (7, "y = Clip <max = 0.5> (x)", "1,4,6,6"),
    (7, "m = Dropout <ratio = 0.3> (x) y = Relu (m)", "1,4,6,6"),
    (9, "y = Pad <pads = [0,0,1,2,0,0,3,4], value = 1.5> (x)", "1,4,10,12"),
    (9, "y = Pad <pads = [0,0,1,2,0,0,3,4], mode = \"reflect\"> (x)", "1,4,10,12"),
    (7, "y = ReduceMean <axes = [2, 3], keepdims = 0> (x)", "1,4"),
    (7, "y = ReduceMax <axes = [-1]> (x)", "1,4,6,1"),
    (12, "y = ReduceSum <axes = [1], keepdims = 1> (x)", "1,1,6,6"),
    (9, "y = ReduceL2 <keepdims = 0> (x)", ""),
    (9, "y = Slice <starts = [1, -3], ends = [3, 100], axes = [1, 3]> (x)", "1,2,6,3"),
    (9, "y = Slice <starts = [0, 1], ends = [1, 3]> (x)", "1,2,6,6"),
    (7, "a, b = Split <axis = 1, split = [1, 3]> (x) m = ReduceMean <axes = [1]> (a) y = Mul (b, m)", "1,3,6,6"),
    (11, "a, b = Split <axis = 1> (x) y = Sub (a, b)", "1,2,6,6"),
    (13, "a, b = Split <axis = 3> (x) y = Sub (a, b)", "1,4,6,3"),
    (7, "m = Squeeze <axes = [0]> (x) y = Relu (m)", "4,6,6"),
    (9, "m = Unsqueeze <axes = [0, 3]> (x) y = Relu (m)", "1,1,4,1,6,6"),
    (7, "y, i = TopK <axis = 3, k = 2> (x)", "1,4,6,2"),
    (7, "y = Upsample <mode = \"nearest\", scales = [1.0, 1.0, 2.0, 3.0]> (x)", "1,4,12,18"),
    (7, "y = Upsample <mode = \"linear\", scales = [1.0, 1.0, 2.0, 2.0]> (x)", "1,4,12,12"),
    (9, "s = Constant <value = float[4] {1.0, 1.0, 1.5, 2.0}> () y = Upsample <mode = \"nearest\"> (x, s)", "1,4,9,12"),
    (10, "s = Constant <value = float[4] {1.0, 1.0, 2.0, 2.0}> () y = Resize <mode = \"linear\"> (x, s)", "1,4,12,12"),
    (10, "s = Constant <value = float[4] {1.0, 1.0, 0.6, 0.6}> () y = Resize <mode = \"nearest\"> (x, s)", "1,4,3,3"),
    (10, "s = Constant <value = float[4] {1.0, 1.0, 0.6, 1.7}> () y = Resize <mode = \"nearest\"> (x, s)", "1,4,3,10"),
    (
        11,
        ("r = Constant <value = float[0] {}> () s = Constant <value = float[4] {1.0, 1.0, 2.0, 2.0}> () "
        "y = Resize <mode = \"linear\", coordinate_transformation_mode = \"align_corners\"> (x, r, s)"),
        "1,4,12,12",
    ),
    (
        11,
        ("r = Constant <value = float[0] {}> () s = Constant <value = float[4] {1.0, 1.0, 1.7, 0.6}> () "
        "y = Resize <mode = \"nearest\", nearest_mode = \"floor\", "
        "coordinate_transformation_mode = \"tf_half_pixel_for_nn\"> (x, r, s)"),
        "1,4,10,3",
    ),
    *(
        (
            11,
            ("r = Constant <value = float[0] {}> () s = Constant <value = float[4] {1.0, 1.0, 1.7, 0.6}> () "
            f"y = Resize <mode = \"nearest\", nearest_mode = \"{rounding}\", "
            "coordinate_transformation_mode = \"tf_half_pixel_for_nn\"> (x, r, s)"),
            "1,4,10,3",
        )
        for rounding in ("ceil", "round_prefer_ceil", "round_prefer_floor")
    ),
    (18, "y = AveragePool <kernel_shape = [4, 2], strides = [3, 2], ceil_mode = 1, count_include_pad = 1> (x)", "1,4,2,3"),
    (11, "y = AveragePool <kernel_shape = [3, 3], strides = [2, 2], pads = [1, 0, 0, 1], ceil_mode = 1, count_include_pad = 1> (x)", "1,4,3,3"),
    (7, "y = Softmax (x)", "1,4,6,6"),
    (7, "y = Softmax <axis = 3> (x)", "1,4,6,6"),
    (11, "y = LogSoftmax <axis = 2> (x)", "1,4,6,6"),
    (9, "y = Hardmax <axis = 1> (x)", "1,4,6,6"),
    (
        16,
        ("g = Constant <value = float[1,2,2,2] {-0.5, -0.5, 0.5, -0.5, -0.5, 0.5, 0.5, 0.5}> () "
        "y = GridSample <mode = \"bilinear\"> (x, g)"),
        "1,4,2,2",
    ),
    (
        10,
        ("r = Constant <value = float[1,4] {0.3, 0.2, 4.7, 4.1}> () i = Constant <value = int64[1] {0}> () "
        "y = RoiAlign <output_height = 3, output_width = 3> (x, r, i)"),
        "1,4,3,3",
    ),
    (
        9,
        ("i = Constant <value = int64[1,4,6,1] {0}> () u = Constant <value = float[1,1,1,1] {9.0}> () "
        "ii = Constant <value = int64[1,1,1,1] {2}> () y = Scatter <axis = 3> (x, ii, u)"),
        "1,4,6,6",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("opset", "body", "out"), CASES)
def test_computes_the_same(opset, body, out):
    """The normalised graph has opset 21 and the outputs of the old one (normalise compares them)."""
    body = body.replace("i = Constant <value = int64[1,4,6,1] {0}> () ", "")
    result = normalised(model(body, opset=opset, out=out))
    proto = result.graph.proto()
    assert {o.domain: o.version for o in proto.opset_import}[""] == CANONICAL_OPSET
    onnx.checker.check_model(proto, full_check=True)


@pytest.mark.parametrize("opset", [22, 23, 25])
def test_newer_opsets_stay(opset):
    """Nothing above 21 is touched."""
    proto = normalised(model("y = Relu (x)", opset=opset)).graph.proto()
    assert proto.opset_import[0].version == opset


def test_softmax_over_one_wide_axis_needs_no_reshape():
    """[2, 5, 1, 1] from axis 1 on is the axis 1."""
    assert ops(normalised(model("y = Softmax (x)", shape="2,5,1,1", opset=9))) == ["Softmax"]
    assert ops(normalised(model("y = Softmax (x)", shape="2,5,2,1", opset=9))) == [
        "Reshape",
        "Softmax",
        "Reshape",
    ]


def test_batch_normalization_of_opset_7():
    """``spatial`` disappears."""
    values = {n: np.full(4, 0.5 + i, np.float32) for i, n in enumerate("gbmv")}
    body = "y = BatchNormalization <spatial = 1, momentum = 0.8> (x, g, b, m, v)"
    assert ops(normalised(model(body, opset=7), **values)) == ["Mul", "Add"]


def test_batch_normalization_of_opset_9_in_training_is_refused():
    """Its other outputs are read."""
    values = {n: np.full(4, 0.5 + i, np.float32) for i, n in enumerate("gbmv")}
    body = "n, rm, rv, sm, sv = BatchNormalization (x, g, b, m, v) s = ReduceSum <keepdims = 0> (rm) y = Add (n, s)"
    with pytest.raises(UnsupportedOperatorError, match="training mode"):
        normalised(model(body, opset=9), **values)
