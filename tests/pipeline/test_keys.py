"""Keys change with what results depend on, and with nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx

from mobilekit.description import ModelDescription, TensorDescription
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
    keys = [data_key(said, {}), *(data_key(said, {"v": tmp_path / f"{n}.npy"}) for n in "bc")]
    assert keys[0] == keys[1] != keys[2]


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
