"""One file per operator family; ``TABLE`` has them all."""

from __future__ import annotations

from mobilekit.convert.coreml.ops import activation, elementwise
from mobilekit.convert.optable import table_of

MODULES = (activation, elementwise)
TABLE = table_of(MODULES)
