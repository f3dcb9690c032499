"""One file per operator family; ``TABLE`` has them all."""

from __future__ import annotations

from mobilekit.convert.coreml.ops import (
    activation,
    conv,
    elementwise,
    functions,
    index,
    linear,
    logic,
    norm,
    pool,
    reduce,
    resample,
    shape,
)
from mobilekit.convert.optable import table_of

MODULES = (
    activation,
    functions,
    elementwise,
    logic,
    conv,
    pool,
    norm,
    resample,
    shape,
    index,
    reduce,
    linear,
)
TABLE = table_of(MODULES)
