"""The data set of a run, loaded again to show what was chosen."""

from __future__ import annotations

from ladle.errors import ArgumentError, MismatchError
from ladle.lab.data.datasets import Dataset
from ladle.lab.ledger.ledger import Ledger
from ladle.lab.runner.provenance import digest
from ladle.lab.runner.workbench import Bench, Sources


def dataset_of(ledger: Ledger, sources: Sources | None = None) -> Dataset:
    """The data the run was made with. sources: where they came from; the catalogue.

    Raises: ArgumentError for a published ledger, whose batches have no rows to show; MismatchError when the data have
    changed; what loading raises. Cost: that of loading, and a digest of all of it.
    """
    if ledger.is_published():
        raise ArgumentError(
            "examples",
            wanted="be asked of the run itself",
            got=f"{ledger.path}, published without the rows of its batches",
        )
    dataset = Bench.of(ledger.experiment(), sources or Sources()).dataset
    if digest(dataset) != ledger.facts()["dataset"]["digest"]:
        raise MismatchError(
            "examples", wanted="show the data of the run", got="other data of that name", remedy="Restore the data."
        )
    return dataset
