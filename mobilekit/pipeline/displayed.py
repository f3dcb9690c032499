"""The reference as a picture shows it: outputs that become pixels end at black and white."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.base import ClosedOnExit
from mobilekit.tensors import Layout

if TYPE_CHECKING:
    from mobilekit.description import TensorDescription
    from mobilekit.runtimes.base import Session
    from mobilekit.tensors import Array, Feed

_WHITE = 255.0


class DisplayedSession(ClosedOnExit):
    """A session whose outputs described as images are clipped to what pixels hold; see ``Session``.

    A pixel has no value beyond white, so what a model says beyond it is no error of a file that ends
    in pixels. Nothing is rounded: the steps of 1/255 count as the file's error.
    """

    def __init__(self, session: Session, described: Mapping[str, TensorDescription]) -> None:
        self._session = session
        self._described = {name: said for name, said in described.items() if said.kind == "image"}
        self.name = session.name
        self.inputs, self.outputs = session.inputs, session.outputs

    def run(self, feed: Feed, *, taps: Sequence[str] = ()) -> dict[str, Array]:
        """The outputs, pictures clipped."""
        found = self._session.run(feed, taps=taps)
        return {n: clipped(v, self._described[n]) if n in self._described else v for n, v in found.items()}

    def close(self) -> None:
        """Close the session."""
        self._session.close()


def clipped(values: Array, said: TensorDescription) -> Array:
    """An image's ``values`` (in the model's own layout) between black and white, per channel."""
    mean, std = (np.asarray(numbers, np.float64) for numbers in said.affine())
    channels_first = said.layout_of(values.shape) != Layout.NHWC
    shape = (1, -1, 1, 1) if channels_first else (1, 1, 1, -1)
    ends = np.stack([(v - mean) / std for v in (0.0, _WHITE)])
    low, high = ends.min(axis=0).reshape(shape), ends.max(axis=0).reshape(shape)
    return np.clip(values, low, high).astype(values.dtype)
