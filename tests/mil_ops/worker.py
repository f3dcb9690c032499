"""Files of coremltools' tests in this process, by the reference evaluator.

python -m tests.mil_ops.worker OUT FILE...           FILE as iOS17/test_conv.py; OUT gets a line of JSON per event
python -m tests.mil_ops.worker --sample OUT FILE...  the sample only
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ENVIRONMENT = {"PYMIL_TEST_TARGETS": "mlprogram", "INCLUDE_MIL_FP32_UNIT_TESTS": "1"}
"""What coremltools' tests read as they are imported: ML programs only, in both precisions."""
_OPTIONS = (
    "-q",
    "--no-header",
    "--tb=line",
    "--continue-on-collection-errors",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:warnings",
    "-c",
    os.devnull,
)

Choice = Callable[[list[Any]], list[Any]]


def folder() -> Path:
    """Where the installed wheel has its op tests."""
    import coremltools

    return Path(coremltools.__file__).parent / "converters" / "mil" / "mil" / "ops" / "tests"


def files() -> list[str]:
    """All files of op tests of the opsets, as the results name them."""
    return sorted(path.relative_to(folder()).as_posix() for path in folder().glob("iOS*/test_*.py"))


def run(names: list[str], out: Path, choice: Choice | None = None) -> int:
    """Run the files (those that ``choice`` leaves of their cases); append to ``out``; pytest's exit status."""
    os.environ.update(ENVIRONMENT)
    logging.disable(logging.WARNING)
    import coremltools.converters.mil.mil.ops.tests.testing_utils as of_operators
    import coremltools.converters.mil.testing_utils as of_converters
    import pytest
    from coremltools.models import MLModel

    from tests.mil_ops import oracle, plugin

    with out.open("a", encoding="utf-8", buffering=1) as file:
        recorder = plugin.Recorder(lambda event: file.write(json.dumps(event) + "\n"), choice)
        of_converters.compare_backend = of_operators.compare_backend = recorder.compare
        MLModel.make_state = oracle.new_state
        paths = [str(folder() / name) for name in names]
        return int(pytest.main([*_OPTIONS, f"--rootdir={folder()}", *paths], [recorder]))


def without(done: set[str]) -> Choice:
    """The cases that are not done."""
    from tests.mil_ops.plugin import case_name

    return lambda items: [item for item in items if case_name(item) not in done]


def main() -> int:
    """As the module says. Cases that OUT has already are not run again."""
    arguments = sys.argv[1:]
    if arguments[0] == "--sample":
        from tests.mil_ops.sample import sample

        return run(arguments[2:], Path(arguments[1]), sample)
    out = Path(arguments[0])
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    return run(arguments[1:], out, without({json.loads(line).get("case", "") for line in lines}))


if __name__ == "__main__":
    sys.exit(main())
