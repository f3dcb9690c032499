"""A delegate's published operator list, as data: what it takes, and what it asks of each operator."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal

from mobilekit import resources
from mobilekit.errors import MobilekitError
from mobilekit.tier import Accelerator

FORMAT = "mobilekit-delegate/1"

Bounds = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a list was published: a file of a repository at a commit, or a page, with its date.

    The date is that of the last change of the file, or of the commit.
    """

    where: str
    version: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is asked of the operators ``names``. An absent field asks nothing.

    Slots number the operands. ``data`` are the slots that ``dtypes``, ``same_dtype`` and ``rank``
    speak of, along with the results. ``dtypes`` hold for data operands whether constant or not,
    ``runtime_dtypes`` for every operand computed at run time; the results have the same types unless
    ``result_dtypes`` says others. ``values`` says what the numbers of a constant operand must be
    (``ones``, ``positive``, ``non-negative``). ``scale_ratio`` bounds input scale / output scale of
    int8 tensors, ``product_scale_ratio`` that of the product of both inputs' scales. ``checks`` names
    functions of :mod:`special`, for what no field can say.
    """

    names: tuple[str, ...]
    max_version: int | None = None
    inputs: Bounds | None = None
    outputs: Bounds | None = None
    runtime_inputs: Bounds | None = None
    data: tuple[int, ...] = (0,)
    dtypes: tuple[str, ...] = ()
    runtime_dtypes: tuple[str, ...] = ()
    result_dtypes: tuple[str, ...] = ()
    same_dtype: bool = False
    rank: Bounds | None = None
    max_rank: int | None = None
    no_empty: bool = False
    constant: tuple[int, ...] = ()
    runtime: tuple[int, ...] = ()
    needed: tuple[int, ...] = ()
    operand_dtypes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    operand_ranks: Mapping[str, Bounds] = field(default_factory=dict)
    operand_shapes: Mapping[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
    options: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    at_least: Mapping[str, int] = field(default_factory=dict)
    not_together: tuple[str, ...] = ()
    values: Mapping[str, Literal["ones", "positive", "non-negative"]] = field(default_factory=dict)
    scale_ratio: tuple[float, float] | None = None
    product_scale_ratio: tuple[float, float] | None = None
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedList:
    """One delegate's list.

    An operator is taken if any listing of its name is satisfied. ``unlisted`` says what happens to
    others: some makers publish only what they refuse (``refused``). ``takes`` is how much of a graph
    the delegate runs: every part of it that it can, or only the largest. ``silent_on`` is what the
    list does not say, in words; ``mistakes`` names a function of :mod:`mistaken`, for what is taken and
    computed wrongly. In the file, ``defaults`` are fields of every listing, and ``types`` names groups
    of types for use in lists of types.
    """

    name: str
    title: str
    accelerator: Accelerator
    takes: Literal["every part", "the largest part"]
    sources: tuple[Source, ...]
    unlisted: Literal["refused", "not published"]
    listings: Mapping[str, tuple[Listing, ...]]
    refused: frozenset[str] = frozenset()
    silent_on: str = ""
    mistakes: str = ""

    @property
    def cited(self) -> str:
        """The list in a few words: version and date of its first source."""
        return f"{self.sources[0].version}, {self.sources[0].date}"


@cache
def published_lists() -> Mapping[str, PublishedList]:
    """Every list that comes with mobilekit, by the delegate's name, sorted."""
    lists = [read_list(path) for path in resources.delegate_lists()]
    return {each.name: each for each in sorted(lists, key=lambda each: each.name)}


def lists_for(accelerator: Accelerator) -> tuple[PublishedList, ...]:
    """The lists of the delegates that run on an accelerator, by name."""
    return tuple(each for each in published_lists().values() if each.accelerator == accelerator)


def read_list(path: Path) -> PublishedList:
    """The list in a TOML file. Raises MobilekitError if it says something that nobody reads."""
    data = tomllib.loads(path.read_text())
    try:
        if data.pop("format") != FORMAT:
            raise ValueError(FORMAT)
        defaults, types = data.pop("defaults", {}), data.pop("types", {})
        listings: dict[str, list[Listing]] = {}
        for table in data.pop("operators", ()):
            listing = _listing({**defaults, **table}, types)
            for name in listing.names:
                listings.setdefault(name, []).append(listing)
        sources = tuple(Source(**{**each, "date": str(each["date"])}) for each in data.pop("sources"))
        refused = frozenset(data.pop("refused", ()))
        found = {name: tuple(each) for name, each in sorted(listings.items())}
        return PublishedList(**data, sources=sources, listings=found, refused=refused)
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path}: not a delegate's list of format {FORMAT}: {error}"
        raise MobilekitError(message, hint="this is a defect of mobilekit: please report it") from error


def _listing(table: Mapping[str, Any], types: Mapping[str, list[str]]) -> Listing:
    from mobilekit.convert.tflite.delegates.special import CHECKS

    unknown = set(table) - {each.name for each in fields(Listing)}
    unknown |= set(table.get("checks", ())) - CHECKS.keys()
    if unknown:
        raise ValueError(f"nobody reads {', '.join(sorted(unknown))}")  # noqa: EM102
    return Listing(**{key: _frozen(_expanded(value, types)) for key, value in table.items()})


def _expanded(value: Any, types: Mapping[str, list[str]]) -> Any:
    """Names of groups of types replaced by the types, in lists wherever they stand."""
    if isinstance(value, dict):
        return {key: _expanded(each, types) for key, each in value.items()}
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return list(dict.fromkeys(name for each in value for name in types.get(each, [each])))
    return value


def _frozen(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    if isinstance(value, list):
        return tuple(_frozen(each) for each in value)
    if isinstance(value, dict):
        return {key: _frozen(each) for key, each in value.items()}
    return value
