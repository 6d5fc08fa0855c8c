"""The state of a running clustering on disk, so that a machine that dies costs minutes and not the run.

It is one file in a folder that the user names: an .npz sealed with the checksum of all its bytes, replaced whole. It
names the clustering that it belongs to; any other clustering refuses it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import durable
from ladle._version import __version__
from ladle.errors import CorruptFileError, FileError, FileFormatError, MismatchError
from ladle.hac.engine.snapshot import Scalar, State
from ladle.memory.scratch import IN_MEMORY, Scratch

FORMAT = "ladle-checkpoint"
FORMAT_VERSION = 3  # raise it when the state has other parts or another meaning
FILE_NAME = "clustering.checkpoint"
EVERY_SECONDS = 120.0
HEADER = "header"
READ_BYTES = 16 << 20


@dataclass(slots=True)
class Checkpoints:
    """The checkpoint of one clustering, in `directory` (made when first written to).

    fingerprint: plain values that decide the result: rows, dim, metric, seed, engine, digest of the data and so on. The
    version of Ladle is added. A checkpoint of any other fingerprint is refused.
    every_seconds: the shortest time between two saves; 0 saves whenever it can.
    scratch: where large arrays are made when a checkpoint is loaded.
    order_notice: see `Pool.order_notice`; a refusal of a checkpoint of other rows names it as the likely reason.

    A directory serves one clustering at a time. Raises: FileError when it cannot be written. Cost: see `save`.
    """

    directory: Path
    fingerprint: Mapping[str, Scalar]
    every_seconds: float = EVERY_SECONDS
    scratch: Scratch = IN_MEMORY
    order_notice: str = ""
    _saved_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.directory = Path(self.directory)
        self.fingerprint = {**self.fingerprint, "ladle": __version__}
        self._saved_at = time.monotonic()

    @property
    def path(self) -> Path:
        """The file."""
        return self.directory / FILE_NAME

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other runs out of the directory while the block runs.

        Raises: FileError when another run holds it, or it cannot be made. A new directory that stays empty is removed.
        """
        made = not self.directory.exists()
        durable.folder(self.directory)
        try:
            with durable.locked(self.directory):
                yield
        finally:
            if made:
                with suppress(OSError):  # it holds a checkpoint
                    self.directory.rmdir()

    def due(self) -> bool:
        """Whether it is time to save."""
        return time.monotonic() - self._saved_at >= self.every_seconds

    def save(self, state: State) -> None:
        """Replace the checkpoint by `state`, durably: an old one is kept until the new one is whole.

        Raises: FileError.
        Cost: `state` is written once and read back from the system's cache for its checksum.
        """
        arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
        header = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "fingerprint": self.fingerprint,
            "values": {name: value for name, value in state.items() if name not in arrays},
        }
        try:
            durable.folder(self.directory)
            with durable.writing(self.path) as file:
                np.savez(file, **{HEADER: np.frombuffer(json.dumps(header).encode(), np.uint8)}, **arrays)  # type: ignore[arg-type]
                durable.seal(file)
        except OSError as cause:
            last = "the last checkpoint still stands" if self.path.exists() else "there is no checkpoint yet"
            raise FileError(
                f"the checkpoint {self.path}",
                wanted="be writable",
                got=cause.got if isinstance(cause, FileError) else cause.strerror or str(cause),
                remedy=f"Make room or name another folder; {last}.",
            ) from cause
        self._saved_at = time.monotonic()

    def load(self) -> State | None:
        """The state saved last, or None when there is none.

        Raises: CorruptFileError when any byte has changed, FileFormatError when another version of Ladle wrote it,
        MismatchError when it belongs to another clustering, FileError when it cannot be read.
        """
        self._sweep()
        if not self.path.exists():
            return None
        remedy = f"Delete {self.path} to begin afresh."
        try:
            durable.check_seal(self.path)
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                header = json.loads(bytes(archive[HEADER]).decode())
                self._check(header, remedy)
                arrays = {name: _array_in(archive, name, self.scratch) for name in archive.files if name != HEADER}
        except CorruptFileError as cause:
            raise CorruptFileError(
                f"the checkpoint {self.path}", wanted=cause.wanted, got=cause.got, remedy=remedy
            ) from None
        except FileError:
            raise
        except OSError as cause:
            raise FileError(
                f"the checkpoint {self.path}", wanted="be readable", got=cause.strerror or str(cause), remedy=remedy
            ) from cause
        return {**arrays, **header["values"]}

    def clear(self) -> None:
        """Remove the checkpoint, once the result of its clustering is saved."""
        self._sweep()
        self.path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove half-written files of a killed run."""
        for unfinished in self.directory.glob(f".{FILE_NAME}.*.tmp"):
            with suppress(OSError):
                unfinished.unlink()

    def _check(self, header: Mapping[str, Any], remedy: str) -> None:
        if header["format_version"] != FORMAT_VERSION:
            raise FileFormatError(
                f"the checkpoint {self.path}",
                wanted=f"have format version {FORMAT_VERSION}",
                got=f"version {header['format_version']}",
                remedy=remedy,
            )
        theirs, ours = header["fingerprint"], json.loads(json.dumps(self.fingerprint))
        differing = sorted(key for key in {*theirs, *ours} if theirs.get(key) != ours.get(key))
        if differing:
            other_order = self.order_notice and {"data"} == set(differing)
            likely = f"The rows may be the same in another order: {self.order_notice}. " if other_order else ""
            raise MismatchError(
                f"the checkpoint {self.path}",
                wanted="belong to this clustering: " + ", ".join(f"{key}={ours.get(key)!r}" for key in differing),
                got=", ".join(f"{key}={theirs.get(key)!r}" for key in differing),
                remedy=f"{likely}Name another folder, or the options and data it was made with. {remedy}",
            )


def _array_in(archive: Any, name: str, scratch: Scratch) -> npt.NDArray[Any]:
    """Read an array of an open .npz into `scratch`, without a second copy of it in memory."""
    if scratch.folder is None:
        return np.asarray(archive[name])
    with archive.zip.open(f"{name}.npy") as member:
        np.lib.format.read_magic(member)
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
        array = scratch.empty(shape, dtype)
        rest = array.reshape(-1).view(np.uint8).data if array.size else memoryview(b"")
        while len(rest):
            rest = rest[member.readinto(rest[:READ_BYTES]) :]
    return array
