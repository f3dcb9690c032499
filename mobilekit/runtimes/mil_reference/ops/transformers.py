"""scaled_dot_product_attention. Source: iOS18 ``transformers`` of the MIL operations' documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("scaled_dot_product_attention", since="iOS18")
def scaled_dot_product_attention(call: Call) -> Array:
    """softmax(query keyᵀ / √e + mask) value, of [b, *, l, e], [b, *, s, e] and [b, *, s, v] -> [b, *, l, v].

    A boolean mask says which elements take part; a float one is added. A row without any gives NaN, as it
    does in PyTorch, whose operation it is.
    """
    query, key, value, mask = (call[name] for name in ("query", "key", "value", "attn_mask"))
    scores = query @ np.swapaxes(key, -1, -2) / np.sqrt(np.float32(query.shape[-1]))
    if mask is not None:
        scores = np.where(mask, scores, np.float32(-np.inf)) if mask.dtype == np.bool_ else scores + mask
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    weights /= np.sum(weights, axis=-1, keepdims=True)
    result: Array = weights @ value
    return result
