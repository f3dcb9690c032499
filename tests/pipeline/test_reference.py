"""Recorded outputs are those of the session, for the feeds that were recorded and no other."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.errors import InputDataError
from mobilekit.pipeline.reference import RecordedSession, feed_digest, record
from mobilekit.runtimes.ort import open_onnx
from tests.pipeline.support import write_model


def _feed(seed: int):
    return {"image": np.random.default_rng(seed).normal(size=(1, 3, 16, 16)).astype(np.float32)}


def test_outputs_come_back_to_the_last_bit(tmp_path):
    """In any order, as often as asked for; another feed is refused."""
    with open_onnx(write_model(tmp_path)) as session:
        record(session, [_feed(0), _feed(1)], tmp_path)
        recorded = RecordedSession(tmp_path, inputs=session.inputs, outputs=session.outputs)
        for seed in (1, 0, 1):
            expected = session.run(_feed(seed))["picture"]
            np.testing.assert_array_equal(recorded.run(_feed(seed))["picture"], expected)
        assert recorded.name == session.name
    with pytest.raises(InputDataError, match="not recorded"):
        recorded.run(_feed(2))
    with pytest.raises(InputDataError):
        recorded.run(_feed(0), taps=["a"])


def test_feeds_are_told_apart_by_all_that_matters():
    """Layout in memory does not matter; values, shapes, types and names do."""
    base = np.arange(6, dtype=np.float32).reshape(2, 3)
    digests = [
        feed_digest({"x": array})
        for array in (base, np.asfortranarray(base), base.T.copy(), base + 1, base.astype(np.float64))
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4
