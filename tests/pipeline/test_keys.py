"""Keys change with what results depend on, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import onnx

from mobilekit.description import FaceDescription, ModelDescription, TensorDescription
from mobilekit.pipeline.keys import data_key, description_key, feeds_key, model_digest, model_key
from mobilekit.store.cas import Store
from tests.pipeline.support import tiny_model, write_model

IMAGE = TensorDescription(kind="image", range=(0.0, 1.0))


def test_external_data_is_part_of_a_model(tmp_path):
    """Other weights in the file beside it are another model."""
    path = tmp_path / "net.onnx"
    onnx.save(tiny_model(), path, save_as_external_data=True, location="net.bin", size_threshold=0)
    store = Store(tmp_path / "store")
    first = model_digest(model_key(path, store))
    content = bytearray((tmp_path / "net.bin").read_bytes())
    content[0] ^= 1
    (tmp_path / "net.bin").write_bytes(content)
    assert model_digest(model_key(path, store)) != first


def test_place_and_name_of_a_model_are_not(tmp_path):
    """The same bytes elsewhere are the same model."""
    (tmp_path / "sub").mkdir()
    store = Store(tmp_path / "store")
    keys = [model_key(write_model(folder), store) for folder in (tmp_path, tmp_path / "sub")]
    assert keys[0] == keys[1]


def test_meaning_counts_but_not_where_it_was_written(tmp_path):
    """Another range is another key; another folder is not."""
    here = ModelDescription(name="net", inputs={"x": IMAGE})
    there = replace(here, folder=tmp_path, path=tmp_path / "net.onnx")
    other = replace(here, inputs={"x": replace(IMAGE, range=(-1.0, 1.0))})
    assert description_key(here) == description_key(there) != description_key(other)


def test_data_counts_by_content(tmp_path):
    """A file given, or named by the description, wherever it lies."""
    np.save(tmp_path / "a.npy", np.zeros(3))
    np.save(tmp_path / "b.npy", np.zeros(3))
    np.save(tmp_path / "c.npy", np.ones(3))
    said = ModelDescription(
        name="net", folder=tmp_path, inputs={"v": TensorDescription(kind="array", source="a.npy")}
    )
    store = Store(tmp_path / "store")
    keys = [data_key(said, {}, store)]
    keys += [data_key(said, {"v": tmp_path / f"{n}.npy"}, store) for n in "bc"]
    assert keys[0] == keys[1] != keys[2]


def test_models_run_on_photos_count_by_content(tmp_path):
    """An embedding model with its external data, its projection, a face detector and what describes it."""
    onnx.save(
        tiny_model(),
        tmp_path / "net.onnx",
        save_as_external_data=True,
        location="net.bin",
        size_threshold=0,
    )
    write_model(tmp_path, name="det.onnx")
    (tmp_path / "det.toml").write_text('[model]\npath = "det.onnx"\n')
    np.save(tmp_path / "p.npy", np.ones(3))
    said = ModelDescription(
        name="net",
        folder=tmp_path,
        inputs={"v": TensorDescription(source="net.onnx", projection="p.npy", embedding=IMAGE)},
        faces=FaceDescription(detector="det.onnx"),
    )
    store = Store(tmp_path / "store")
    keys = [data_key(said, {}, store)]
    for change in (
        lambda: (tmp_path / "net.bin").write_bytes((tmp_path / "net.bin").read_bytes()[::-1]),
        lambda: np.save(tmp_path / "p.npy", np.zeros(3)),
        lambda: write_model(tmp_path, tiny_model(seed=1), name="det.onnx"),
        lambda: (tmp_path / "det.toml").write_text('[model]\npath = "det.onnx"\nname = "x"\n'),
    ):
        change()
        keys.append(data_key(said, {}, store))
    assert all(before != after for before, after in pairwise(keys))
    elsewhere = replace(said, faces=FaceDescription(detector=str(tmp_path / "det.onnx")))
    assert data_key(elsewhere, {}, store) == keys[-1]
    assert description_key(elsewhere) == description_key(said)


def test_feeds_count_by_name_type_shape_and_value():
    """Equal bytes of another shape or type are another feed."""
    feeds = [
        {"x": np.zeros((2, 2), np.float32)},
        {"x": np.zeros(4, np.float32)},
        {"x": np.zeros((2, 2), np.int32)},
        {"y": np.zeros((2, 2), np.float32)},
    ]
    assert len({feeds_key([feed]) for feed in feeds}) == 4
    assert feeds_key(None) is None
