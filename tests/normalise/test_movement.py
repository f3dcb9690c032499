"""Chains that only move elements are named by what they do to element numbers."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mobilekit.normalise.pipeline import normalise
from mobilekit.normalise.verify import outputs_of
from mobilekit.source.graph import graph_from_proto


def _normalised(text: str, shape: str, target: str, constants: dict[str, tuple[int, ...]]):
    model = onnx.parser.parse_model(
        f'<ir_version: 10, opset_import: ["": 21]> g (float[{shape}] x) => (float[{target}] y) {{ a = Relu(x) {text} }}'
    )
    for name, values in constants.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(values, np.int64), name))
    graph = graph_from_proto(model, stage="source")
    feed = {"x": np.random.default_rng(0).normal(size=graph.inputs[0].shape).astype(np.float32)}
    result = normalise(graph, samples=[feed])
    return [n.op_type for n in result.graph.proto().graph.node], [r.kind for r in result.recognised]


UPSAMPLINGS = {
    "concat": (
        "b = Reshape(a, s) c = Concat<axis=1>(b, b) d = Reshape(c, t) e = Concat<axis=1>(d, d) y = Reshape(e, u)",
        {"s": (60, 1), "t": (12, 10), "u": (1, 3, 8, 10)},
    ),
    "expand": (
        "b = Reshape(a, s) c = Expand(b, t) y = Reshape(c, u)",
        {"s": (1, 3, 4, 1, 5, 1), "t": (1, 3, 4, 2, 5, 2), "u": (1, 3, 8, 10)},
    ),
    "tile": (
        "b = Reshape(a, s) c = Tile(b, t) y = Reshape(c, u)",
        {"s": (1, 3, 4, 1, 5, 1), "t": (1, 1, 1, 2, 1, 2), "u": (1, 3, 8, 10)},
    ),
    "gather": (
        "b = Gather<axis=2>(a, s) y = Gather<axis=3>(b, t)",
        {"s": (0, 0, 1, 1, 2, 2, 3, 3), "t": (0, 0, 1, 1, 2, 2, 3, 3, 4, 4)},
    ),
}


@pytest.mark.parametrize("case", UPSAMPLINGS)
def test_nearest_upsampling_in_every_spelling(case: str) -> None:
    """Concat, Expand, Tile and Gather spellings of nearest upsampling are one Resize."""
    text, constants = UPSAMPLINGS[case]
    assert _normalised(text, "1,3,4,5", "1,3,8,10", constants) == (
        ["Relu", "Resize"], ["nearest upsampling by 2x2"],
    )  # fmt: skip


@pytest.mark.parametrize("perm", ["[0,1,4,2,5,3]", "[0,3,4,1,5,2]"])
def test_pixel_shuffle(perm: str) -> None:
    """Reshape, Transpose, Reshape as depth to space, in both channel orders."""
    grouped = (1, 3, 2, 2, 4, 5) if perm == "[0,1,4,2,5,3]" else (1, 2, 2, 3, 4, 5)
    text = f"b = Reshape(a, s) c = Transpose<perm={perm}>(b) y = Reshape(c, u)"
    operators, kinds = _normalised(text, "1,12,4,5", "1,3,8,10", {"s": grouped, "u": (1, 3, 8, 10)})
    assert operators == ["Relu", "DepthToSpace"]
    assert kinds == ["pixel shuffle CRD" if grouped[1] == 3 else "pixel shuffle DCR"]


def test_pixel_unshuffle() -> None:
    """The way back is SpaceToDepth."""
    text = "b = Reshape(a, s) c = Transpose<perm=[0,3,5,1,2,4]>(b) y = Reshape(c, u)"
    constants = {"s": (1, 3, 4, 2, 5, 2), "u": (1, 12, 4, 5)}
    assert _normalised(text, "1,3,8,10", "1,12,4,5", constants)[0] == ["Relu", "SpaceToDepth"]


def test_channel_shuffle() -> None:
    """Groups read in columns are one Gather over the channels."""
    text = "b = Reshape(a, s) c = Transpose<perm=[0,2,1,3,4]>(b) y = Reshape(c, u)"
    constants = {"s": (2, 2, 3, 4, 5), "u": (2, 6, 4, 5)}
    assert _normalised(text, "2,6,4,5", "2,6,4,5", constants) == (["Relu", "Gather"], ["channel shuffle"])


@pytest.mark.parametrize(
    ("text", "constants"),
    [
        (
            "b = Reshape(a, s) c = Concat<axis=1>(b, b) y = Reshape(c, u)",
            {"s": (12, 5), "u": (1, 3, 8, 5)},
        ),  # every row twice, but as a whole: 0 1 2 3 0 1 2 3 per channel is no upsampling
        (
            "b = Reshape(a, s) c = Transpose<perm=[0,1,3,2]>(b) d = Concat<axis=2>(c, c) y = Reshape(d, u)",
            {"s": (1, 3, 5, 4), "u": (1, 3, 8, 5)},
        ),
    ],
)
def test_what_only_looks_alike_is_left(text: str, constants: dict[str, tuple[int, ...]]) -> None:
    """The same operators with another map are not named, and still compute the same."""
    operators, kinds = _normalised(text, "1,3,4,5", "1,3,8,5", constants)
    assert "Resize" not in operators or kinds == ["nearest upsampling by 2x1"]


@pytest.mark.parametrize(
    ("nodes", "constants", "wanted"),
    [
        (
            "a = Slice (x, zero, one, one) y = Concat <axis = 1> (a, k)",
            [4, 5, 6, 7],
            [9, 9, 9, 9, 4, 5, 6, 7],
        ),
        ("i = Reshape (x, s) y = Gather (k, i)", [4, 5, 6, 7, 0, 1, 2, 3, 8, 2], [2] * 8),
    ],
)
def test_numbers_of_constants_are_no_places(nodes, constants, wanted):
    """Integers joined to the data, or looked up by it, look like element numbers: of a copy, of a permutation."""
    text = (
        '<ir_version: 10, opset_import: ["": 21]> g (int32[1,2,2,2] x) => (int32[1,2,2,2] y) {' + nodes + "}"
    )
    model = onnx.parser.parse_model(text)
    shape = (1, 1, 2, 2) if len(constants) == 4 else (-1,)
    values = {"k": np.array(constants, np.int32).reshape(shape), "s": np.array([1, 2, 2, 2])}
    values |= {"zero": np.array([0]), "one": np.array([1])}
    model.graph.initializer.extend(onnx.numpy_helper.from_array(v, k) for k, v in values.items())
    result = normalise(graph_from_proto(model, stage="source"), samples=())
    x = np.full((1, 2, 2, 2), 9, np.int32)
    assert outputs_of(result.graph, [{"x": x}])[0]["y"].reshape(-1).tolist() == wanted
