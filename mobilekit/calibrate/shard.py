"""One of several processes that observe samples: what ``shards`` starts.

Reads from stdin the request and then samples, pickled, to the first None; writes an answer to stdout
for each, and the statistics in the end.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from mobilekit.errors import MobilekitError

if TYPE_CHECKING:
    from mobilekit.tensors import Feed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Incoming:
    """The samples that come, each once."""

    pipe: IO[bytes]

    def __iter__(self) -> Iterator[Feed]:
        return iter(lambda: pickle.load(self.pipe), None)  # noqa: S301 (from the process that started this)


def main() -> None:
    """Observe what comes."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    incoming = _Incoming(pipe=sys.stdin.buffer)
    request: dict[str, Any] = pickle.load(incoming.pipe)  # noqa: S301 (as above)
    try:
        _answer(answers, "statistics", _observed(request, incoming, answers))
    except MobilekitError as error:
        _answer(answers, type(error).__name__, error.message, error.hint)


def _observed(request: dict[str, Any], incoming: _Incoming, answers: IO[bytes]) -> str:
    from mobilekit.calibrate.observe import observe

    stats = observe(
        request["graph"],
        incoming,
        values=request["values"],
        extremes=request["extremes"],
        spin=False,
        progress=lambda done, total: _answer(answers, "observed", str(done)),  # noqa: ARG005
    )
    return stats.to_json()


def _answer(answers: IO[bytes], kind: str, text: str, hint: str = "") -> None:
    pickle.dump((kind, text, hint), answers)
    answers.flush()


if __name__ == "__main__":
    main()
