"""Layouts in sealed files, which are made again when the pool has changed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from ladle import durable
from ladle.errors import CorruptFileError, MismatchError
from ladle.maps.layout import Layout

_FORMAT = 1


def save_layout(layout: Layout, path: str | os.PathLike[str], *, pool: str) -> None:
    """Write a layout: an `.npz` that any NumPy opens, sealed. pool: the digest of the pool. Raises: FileError."""
    facts = {"format": _FORMAT, "pool": pool, "method": layout.method, "beyond": layout.beyond}
    narrow = np.uint32 if len(layout) < 1 << 32 else np.int64
    with durable.writing(path) as file:
        text = np.frombuffer(json.dumps(facts).encode(), np.uint8)
        np.savez(file, codes=layout.codes, rows=layout.rows.astype(narrow), facts=text)
        durable.seal(file)


def load_layout(path: str | os.PathLike[str], *, pool: str) -> Layout:
    """Read a layout of this pool.

    Raises: CorruptFileError for a damaged file; MismatchError for one of another pool or format; FileError.
    Cost: reads the file twice; 12 bytes a row.
    """
    with durable.readable(f"the file {path}"):
        durable.check_seal(path)
        with np.load(Path(path), allow_pickle=False) as archive:
            try:
                facts = json.loads(archive["facts"].tobytes())
                codes, rows = archive["codes"], archive["rows"].astype(np.int64)
            except (KeyError, ValueError) as cause:
                raise CorruptFileError(f"the file {path}", wanted="be a layout", got="another file") from cause
    if facts["format"] != _FORMAT or facts["pool"] != pool:
        raise MismatchError(f"the file {path}", wanted="be a layout of this pool", got="one of another pool or format")
    return Layout(codes, rows, facts["method"], facts["beyond"])
