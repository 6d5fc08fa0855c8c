"""The scores a campaign asks by: read as `ladle select` reads them, matched to the campaign's pool by id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ladle.cli.pool.scored import QueryInputs, Reading
from ladle.progress import Reporter

if TYPE_CHECKING:
    from ladle.campaign import Campaign


@dataclass(frozen=True, slots=True)
class KnownPool:
    """What reading scores needs of a pool: its ids, which a campaign keeps even where the pool is out of reach."""

    id_column: Any
    source: str

    @property
    def rows(self) -> int:
        """Examples in it."""
        return len(self.id_column)

    @property
    def source_count(self) -> int:
        """As `Pool.source_count`: rows that were left out of a campaign's pool are not known here."""
        return self.rows

    @property
    def source_ids(self) -> Any:
        """As `Pool.source_ids`."""
        return self.id_column

    def rows_from_source(self, rows: Any) -> Any:
        """As `Pool.rows_from_source`."""
        return rows

    def source_rows(self, rows: Any) -> Any:
        """As `Pool.source_rows`."""
        return rows

    def ids_at(self, rows: Any) -> Any:
        """The ids at these rows."""
        return self.id_column.at(rows)


def needs_of(campaign: Campaign) -> tuple[str, ...]:
    """What the campaign's strategy must be asked with."""
    from ladle.strategies import describe

    return tuple(describe(campaign.settings.strategy).needs)


def given_of(campaign: Campaign, reading: Reading, *, progress: Reporter) -> QueryInputs:
    """The scores as `Campaign.ask` takes them; embeddings it finds itself. Raises: as `Reading.read`."""
    import numpy as np

    needs = [each for each in needs_of(campaign) if each != "embeddings"]
    pool = KnownPool(campaign.ids, f"the pool of {campaign.name}")
    labelled = np.unique(campaign.labels()["row"])  # whatever has been labelled may lack a score
    return replace(reading, classes=campaign.settings.labels.classes).read(pool, labelled, needs, progress=progress)


def digest_of_files(paths: Iterable[Path | None]) -> str:
    """One SHA-256 for these files and folders of files; "" where there are none. Raises: FileError."""
    from ladle.durable import file_digest
    from ladle.errors import FileError

    parts = []
    for path in paths:
        if path is None:
            continue
        if not path.exists():
            raise FileError(str(path), wanted="be a file or a folder", got="nothing there")
        files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        parts += [f"{each.name} {file_digest(each)}" if path.is_dir() else file_digest(each) for each in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest() if parts else ""


def key_of(kind: str, *parts: object) -> str:
    """A key that is the same whenever a command says the same: the kind, and a digest of all it says."""
    return f"{kind}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"
