"""Bits flipped in, and bytes cut off, every artefact of a campaign: how many are noticed? It should be all.

python -m benchmarks.reliability.damage [ARTEFACT ...] [--flips 3000] [--cuts 300] [--seed 11] [--record]

One random bit of the file is flipped, or its end cut off at a random byte; then it is looked at as its user would:
`verify` for what belongs to a campaign, `restore` for a backup, `load` for a tree, the same `export` again for a batch.
Damage is noticed when the check reports it or raises an error of Ladle. Damage that is not noticed must have no
effect: everything that can be read (of a database: every row of every table, its schema and its indexes) must be as
before. Exit code 1 otherwise. The artefacts "returned" are batches read by themselves: formats of text have no
checksum, so what a reader notices is only counted.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import record
from benchmarks.reliability import artefacts
from benchmarks.reliability.artefacts import ARTEFACTS, Artefact
from benchmarks.reliability.fresh_folder import begun_again, prepared
from ladle.errors import LadleError


@dataclass(slots=True)
class Detection:
    """Of one artefact and one kind of damage.

    noticed: counts by what noticed it. meaningless: unnoticed, and reads as before. unnoticed: reads otherwise.
    """

    tried: int = 0
    noticed: dict[str, int] = field(default_factory=dict)
    meaningless: int = 0
    unnoticed: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def noticed_by_all(self) -> int:
        return sum(self.noticed.values())


def flipped(whole: bytes, bit: int) -> bytes:
    damaged = bytearray(whole)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def damaged_files(whole: bytes, kind: str, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Damaged copies, and what was done to them; no two alike."""
    random = np.random.default_rng(seed)
    if kind == "cuts":
        for length in random.choice(len(whole), min(count, len(whole)), replace=False).tolist():
            yield f"cut to {length} of {len(whole)} bytes", whole[:length]
    else:
        for bit in random.choice(8 * len(whole), min(count, 8 * len(whole)), replace=False).tolist():
            yield f"bit {bit % 8} of byte {bit // 8} flipped", flipped(whole, bit)


def tried(artefact: Artefact, kind: str, count: int, seed: int, home: Path) -> Detection:
    """An artefact that is prepared, damaged in `count` ways, one after another."""
    folder = begun_again(home)
    whole, sound = (folder / artefact.file).read_bytes(), artefact.read(folder)
    if artefact.check(folder):
        raise RuntimeError(f"{artefact.name} is damaged from the beginning")
    detection = Detection()
    for what, damaged in damaged_files(whole, kind, count, seed):
        begun_again(home)
        (folder / artefact.file).write_bytes(damaged)
        detection.tried += 1
        try:
            noticed = "a problem told" if artefact.check(folder) else ""
        except LadleError as error:
            noticed = type(error).__name__
        except Exception as error:  # a bug: nobody should meet it
            noticed = "no clear error"
            detection.wrong.append(f"{what}: {type(error).__name__}: {error}")
        if noticed:
            detection.noticed[noticed] = detection.noticed.get(noticed, 0) + 1
        elif artefact.read(folder) == sound:
            detection.meaningless += 1
        elif artefact.must_be_noticed:
            detection.wrong.append(f"{what}: not noticed")
        else:
            detection.unnoticed += 1
    return detection


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artefacts", nargs="*", metavar="ARTEFACT", help=", ".join(ARTEFACTS))
    parser.add_argument("--flips", type=int, default=3000)
    parser.add_argument("--cuts", type=int, default=300)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    unknown = set(options.artefacts) - set(ARTEFACTS)
    if unknown:
        parser.error(f"no artefact {', '.join(sorted(unknown))}; there are {', '.join(ARTEFACTS)}")
    wrong = 0
    with tempfile.TemporaryDirectory(dir=artefacts.MEMORY) as home:
        for name in options.artefacts or ARTEFACTS:
            prepared(Path(home), ARTEFACTS[name].prepare)
            for kind, count in (("flips", options.flips), ("cuts", options.cuts)):
                start = time.perf_counter()
                detection = tried(ARTEFACTS[name], kind, count, options.seed, Path(home))
                wrong += len(detection.wrong)
                figures = {
                    "tried": detection.tried,
                    "noticed": detection.noticed_by_all,
                    "meaningless": detection.meaningless,
                    "unnoticed": detection.unnoticed,
                    "wrong": len(detection.wrong),
                    "seconds": time.perf_counter() - start,
                }
                line = {"artefact": name, "damage": kind} | figures
                print(json.dumps(line | {"by": detection.noticed, "what": detection.wrong[:20]}), flush=True)
                if options.record:
                    record.append("damage", {"artefact": name, "damage": kind, "seed": options.seed}, figures)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
