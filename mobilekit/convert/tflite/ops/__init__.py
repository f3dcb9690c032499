"""One file per operator family; ``TABLE`` has them all."""

from __future__ import annotations

from mobilekit.convert.optable import table_of
from mobilekit.convert.tflite.ops import (
    activation,
    conv,
    elementwise,
    index,
    norm,
    pool,
    reduce,
    resample,
    shape,
)

MODULES = (activation, conv, elementwise, index, norm, pool, reduce, resample, shape)
TABLE = table_of(MODULES)
