"""Which cases `make test` runs: of each class of tests one in float32 and one in half precision."""

from __future__ import annotations

import zlib
from typing import Any

from tests.mil_ops.plugin import case_name

PRECISIONS = ("fp32", "fp16")


def sample(items: list[Any]) -> list[Any]:
    """The case with the least check sum of each class and precision, in the order of ``items``."""
    least: dict[tuple[str, str], Any] = {}
    for item in items:
        name = case_name(item)
        for precision in PRECISIONS:
            if f"precision='{precision}'" in name:
                key = (name.partition("[")[0].rpartition("::")[0], precision)
                least[key] = min(least.get(key, item), item, key=_check_sum)
    chosen = {case_name(item) for item in least.values()}
    return [item for item in items if case_name(item) in chosen]


def _check_sum(item: Any) -> int:
    return zlib.crc32(case_name(item).encode())
