"""gather, gather_along_axis, gather_nd. Sources: iOS15–iOS17 ``scatter_gather`` of the documentation.

Negative indices count from the end up to iOS16, and are out of bounds from iOS17 on. What an index out of
bounds gives is undefined there; this evaluator raises UnsoundArtifactError instead of making something up,
whether or not ``validate_indices`` asks for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.indices import within
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("gather", exact=True)
def gather(call: Call) -> Array:
    """Slices of ``x`` along ``axis``; from iOS16 on with ``batch_dims`` leading axes in common with
    ``indices``.
    """
    x, axis, batch = call["x"], call.integer("axis", 0) % call["x"].ndim, call.integer("batch_dims", 0)
    indices = within(call, call["indices"], x.shape[axis])
    if not batch:
        return np.take(x, indices, axis=axis)
    common = x.shape[:batch]
    rows, chosen = (
        x.reshape(-1, *x.shape[batch:]),
        indices.reshape(int(np.prod(common)), *indices.shape[batch:]),
    )
    parts = [np.take(row, each, axis=axis - batch) for row, each in zip(rows, chosen, strict=True)]
    return np.stack(parts).reshape(common + parts[0].shape)


@implements("gather_along_axis", exact=True)
def gather_along_axis(call: Call) -> Array:
    """Element by element: ``indices`` has the rank of ``x`` and the result's shape."""
    x, axis = call["x"], call.integer("axis", 0) % call["x"].ndim
    return np.take_along_axis(x, within(call, call["indices"], x.shape[axis]), axis)


@implements("gather_nd", exact=True)
def gather_nd(call: Call) -> Array:
    """Slices of ``x`` at the tuples in the last axis of ``indices``, after ``batch_dims`` common axes."""
    x, batch = call["x"], call.integer("batch_dims", 0)
    depth = call["indices"].shape[-1]
    indices = within(call, call["indices"], np.asarray(x.shape[batch : batch + depth]))
    shape = indices.shape[:-1]
    common = [
        np.arange(shape[i]).reshape([-1 if j == i else 1 for j in range(len(shape))]) for i in range(batch)
    ]
    return np.asarray(x[(*common, *np.moveaxis(indices, -1, 0))])
