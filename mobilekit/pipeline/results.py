"""What `package` hands back: values only, the same as its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A file that was published: its size in bytes and SHA-256."""

    path: Path
    size_bytes: int
    digest: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"path": str(self.path), "size_bytes": self.size_bytes, "sha256": self.digest}


@dataclass(frozen=True, slots=True, kw_only=True)
class TierResult:
    """One tier: its files, what was measured (as in report.json), and whether nothing had to be built.

    ``plan`` is there where the file is quantised by one (precision int8), ``variants`` where it was
    compiled for single chips too.
    """

    tier: str
    cached: bool
    model: WrittenFile
    manifest: WrittenFile
    bundle: WrittenFile
    report: Mapping[str, Any]
    plan: WrittenFile | None = None
    variants: tuple[WrittenFile, ...] = ()

    @property
    def files(self) -> tuple[WrittenFile, ...]:
        """Model, its variants, manifest, plan if there is one, bundle."""
        plan = () if self.plan is None else (self.plan,)
        return (self.model, *self.variants, self.manifest, *plan, self.bundle)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "tier": self.tier,
            "cached": self.cached,
            "files": [f.to_dict() for f in self.files],
            "report": dict(self.report),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageResult:
    """Everything that one `package` wrote. ``cached`` is true if every tier came from the store.

    ``photos`` is what the photos cover, in short, where they calibrated.
    """

    name: str
    version: str
    target: str
    out: Path
    tiers: tuple[TierResult, ...]
    report: WrittenFile
    photos: Mapping[str, Any] | None = None

    @property
    def cached(self) -> bool:
        """Whether nothing had to be built."""
        return all(tier.cached for tier in self.tiers)

    @property
    def files(self) -> tuple[WrittenFile, ...]:
        """All files, in the order of the tiers, the report last."""
        return (*(f for tier in self.tiers for f in tier.files), self.report)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, for ``--json``."""
        return {
            "name": self.name,
            "version": self.version,
            "target": self.target,
            "out": str(self.out),
            "cached": self.cached,
            "tiers": [tier.to_dict() for tier in self.tiers],
            "report": self.report.to_dict(),
            "photos": dict(self.photos) if self.photos is not None else None,
        }
