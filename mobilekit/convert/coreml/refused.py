"""What Core ML can say: every node of a model that it cannot is listed at once."""

from __future__ import annotations

from functools import partial

from mobilekit.convert.coreml.api import refused_nodes
from mobilekit.convert.coreml.emitter import Opset
from mobilekit.convert.coreml.ops import TABLE
from mobilekit.convert.refusals import Dialect


def dialect(opset: Opset = "iOS17") -> Dialect:
    """What MIL of ``opset`` can say."""
    return Dialect(profile="coreml", table=TABLE, refused_nodes=partial(refused_nodes, opset=opset))
