"""What TFLite can say: every node of a model that it cannot is listed at once."""

from __future__ import annotations

from mobilekit.convert.refusals import Dialect
from mobilekit.convert.tflite.api import refused_nodes
from mobilekit.convert.tflite.ops import TABLE

DIALECT = Dialect(profile="tflite-cpu", table=TABLE, refused_nodes=refused_nodes)
