"""Models of real exporters: each converts exactly, and normalises to the same few nodes whoever wrote it."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import mobilekit
from mobilekit.errors import MobilekitError
from mobilekit.normalise.pipeline import Normalised, normalise
from mobilekit.source.graph import Graph
from mobilekit.source.load import load
from tests.exporters.expected import ANYWHERE, BLOCKS, KINDS, REFUSED

HERE = Path(__file__).parent
FOLDERS = ("torch", "pnnx", "tf2onnx", "keras", "paddle", "handwritten")
FILES = sorted(path for folder in FOLDERS for path in (HERE / folder).glob("*.onnx"))
MINIMUM_PSNR = 80.0


def _key(path: Path) -> str:
    return f"{path.parent.name}/{path.name.split('.')[0]}"


def _names(paths: list[Path]) -> list[str]:
    return [path.relative_to(HERE).as_posix() for path in paths]


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Keras leaves the batch open."""
    return {"keras_tensor": (1, 16, 16, 3)} if path.parent.name == "keras" else {}


@cache
def _normalised(path: Path) -> tuple[Graph, Normalised]:
    source = load(path, shapes=_shapes(path))
    rng = np.random.default_rng(0)
    feed = {s.name: rng.uniform(-1, 1, s.shape).astype(s.dtype.value) for s in source.inputs}
    return source, normalise(source, samples=[feed])


CONVERTED = [path for path in FILES if _key(path) not in REFUSED]


@pytest.mark.parametrize("path", CONVERTED, ids=_names(CONVERTED))
def test_normal_form(path: Path) -> None:
    """The operators that must be there, all of them where the list says so, and what must be gone."""
    _, result = _normalised(path)
    operators = Counter(node.op_type for node in result.graph.proto().graph.node)
    expected, exactly = BLOCKS.get(path.relative_to(HERE).as_posix(), BLOCKS[_key(path)])
    if exactly:
        assert operators == expected
    else:
        assert {op: operators[op] for op in expected} == expected
    assert not {"BatchNormalization", "Identity", "Dropout", "Shape", "Constant", "Unsqueeze"} & set(
        operators
    )


@pytest.mark.parametrize("path", CONVERTED, ids=_names(CONVERTED))
def test_recognitions(path: Path) -> None:
    """Patterns that the exporter wrote out are reported with what they are, and where."""
    source, result = _normalised(path)
    kinds = Counter(each.kind.split(" from ")[0] for each in result.recognised)
    written = KINDS.get(path.relative_to(HERE).as_posix(), KINDS.get(_key(path), {}))
    assert {kind: kinds[kind] for kind in written} == written
    values = {name for node in source.proto().graph.node for name in node.output}
    assert all(each.node in values or "/" in each.node for each in result.recognised)


@pytest.mark.parametrize("path", CONVERTED, ids=_names(CONVERTED))
def test_converts(path: Path, tmp_path: Path) -> None:
    """Through the public API, at 80 dB or more against ONNX Runtime."""
    artifact = mobilekit.convert(path, to="tflite", precision="fp32", out=tmp_path, shapes=_shapes(path))
    for output in artifact.meta["parity"]["outputs"]:
        worst = output["psnr_db"]["worst"] if output["psnr_db"] else None
        assert worst is None or worst >= MINIMUM_PSNR


@pytest.mark.parametrize("key", REFUSED)
def test_refused(key: str, tmp_path: Path) -> None:
    """What an exporter writes beyond ONNX's tensor operators is refused, named."""
    with pytest.raises(MobilekitError, match=REFUSED[key]):
        mobilekit.convert(HERE / f"{key}.onnx", to="tflite", out=tmp_path)


def test_one_normal_form_for_all_exporters() -> None:
    """Every file of a pattern, whatever the exporter and the opset, becomes the same operators."""
    for name in ANYWHERE:
        paths = [path for path in CONVERTED if path.name.split(".")[0] == name]
        forms = {
            tuple(sorted(node.op_type for node in _normalised(path)[1].graph.proto().graph.node))
            for path in paths
        }
        assert len(paths) > 1, name
        assert len(forms) == 1, (name, forms)


def test_every_model_is_listed_and_small() -> None:
    """The table has no gaps, and the folder stays under 1.5 MB."""
    listed = {key for key in BLOCKS if not key.endswith(".onnx")}
    assert {_key(path) for path in FILES} == {*listed, *REFUSED}
    assert sum(path.stat().st_size for path in FILES) < 1.5e6
