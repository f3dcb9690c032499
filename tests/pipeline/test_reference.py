"""Recorded outputs are those of the session, for the feeds that were recorded and no other."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.errors import InputDataError, ModelFileError
from mobilekit.pipeline.reference import AheadSession, RecordedSession, feed_digest, record
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


def test_a_session_run_ahead_answers_as_itself(tmp_path):
    """Names, borders and outputs are the session's, for the feeds it was made with and no other."""
    path = write_model(tmp_path)
    with open_onnx(path) as session, AheadSession(lambda: open_onnx(path), [_feed(0), _feed(1)]) as ahead:
        assert (ahead.name, ahead.inputs, ahead.outputs) == (session.name, session.inputs, session.outputs)
        for seed in (1, 0):
            expected = session.run(_feed(seed))["picture"]
            np.testing.assert_array_equal(ahead.run(_feed(seed))["picture"], expected)
        with pytest.raises(InputDataError, match="not run ahead"):
            ahead.run(_feed(2))
        with pytest.raises(InputDataError):
            ahead.run(_feed(0), taps=["a"])


def test_what_fails_ahead_is_raised_where_it_is_asked_for(tmp_path):
    """An error in the thread reaches whoever asks, with its own type."""
    with AheadSession(lambda: open_onnx(tmp_path / "missing.onnx"), [_feed(0)]) as ahead:
        with pytest.raises(ModelFileError, match="no such file"):
            _ = ahead.name
        with pytest.raises(ModelFileError, match="no such file"):
            ahead.run(_feed(0))


def test_feeds_are_told_apart_by_all_that_matters():
    """Layout in memory does not matter; values, shapes, types and names do."""
    base = np.arange(6, dtype=np.float32).reshape(2, 3)
    digests = [
        feed_digest({"x": array})
        for array in (base, np.asfortranarray(base), base.T.copy(), base + 1, base.astype(np.float64))
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4
