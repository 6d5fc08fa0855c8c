"""Each command once through a real process on damaged input: an error in a line, and an exit code of the table."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.cli.program.failures import exit_codes
from ladle.labelling import Labels
from tests.cli.test_usage import commands

DB = ("--db", "good.db")
# Each command with what is damaged, and how the error is to begin. A command without input has a wrong word.
LINES: dict[str, tuple[tuple[str, ...], int]] = {
    "demo": (("--out", "folder/page.html"), 4),
    "embed": (("ragged.csv", "-o", "embedded"), 4),
    "cluster": (("cut.npy", "-o", "t.npz"), 4),
    "assign": (("flipped.npz", "pool.npy", "-o", "a.csv"), 4),
    "select": (("pool.npy", "--scores", "ragged.csv", "--strategy", "margin", "--size", "3", "-o", "b.csv"), 4),
    "strategies": (("no-such",), 2),
    "doctor": (("cut.parquet",), 4),
    "advise": (("pool.npy", "--scores", "ragged.csv", "--size", "3"), 4),
    "lab list": (("no-such",), 4),
    "lab run": (("broken.toml",), 4),
    "lab report": (("broken.sqlite", "-o", "r.html"), 4),
    "lab compare": (("broken.sqlite", "broken.sqlite"), 4),
    "lab publish": (("broken.sqlite", "-o", "copy.sqlite"), 4),
    "campaign create": (("cut.parquet", "--name", "b", *DB), 4),
    "campaign list": (("--db", "flipped.db"), 4),
    "campaign ask": (("--scores", "cut.npy", "--size", "3", "-o", "b.csv", *DB), 4),
    "campaign take": (("--annotator", "ann", "--size", "3", "-o", "b.csv", "--db", "flipped.db"), 4),
    "campaign release": (("--annotator", "ann", "--ids", "cut.npy", *DB), 4),
    "campaign tell": (("ragged.csv", *DB), 4),
    "campaign import": (("null.jsonl", "--source", "s", *DB), 4),
    "campaign round": (("--labels", "ragged.csv", "--size", "3", "-o", "b.csv", *DB), 4),
    "campaign outstanding": (("--db", "flipped.db"), 4),
    "campaign disputes": (("--db", "flipped.db"), 4),
    "campaign assign": (("--to", "ann", "--ids", "cut.npy", *DB), 4),
    "campaign adjudicate": (("ragged.csv", *DB), 4),
    "campaign progress": (("--db", "flipped.db"), 4),
    "campaign export": (("resolved", "-o", "r.csv", "--db", "flipped.db"), 4),
    "campaign verify": (("--db", "flipped.db"), 4),
    "campaign backup": (("-o", "b.backup", "--db", "flipped.db"), 4),
    "campaign restore": (("flipped.backup", "--db", "again.db"), 4),
    "campaign migrate": (("--db", "flipped.db"), 4),
    "campaign model": (("v1", "--scores", "missing.npy", *DB), 4),
    "campaign gold": (("ragged.csv", *DB), 4),
    "campaign exclude": (("cut.npy", "--reason", "r", *DB), 4),
    "campaign include": (("cut.npy", *DB), 4),
    "campaign delete": (("cut.npy", "--reason", "r", *DB), 4),
    "campaign extend": (("cut.parquet", *DB), 4),
    "campaign pool": (("move", "cut.parquet", *DB), 4),
    "campaign story": (("no-such", *DB), 3),
    "campaign audit": (("--db", "flipped.db"), 4),
    "campaign status": (("--db", "flipped.db"), 4),
    "campaign agreement": (("--db", "flipped.db"), 4),
    "campaign control": (("--db", "flipped.db"), 4),
    "campaign compare": (("--db", "good.db", "--db", "flipped.db"), 4),
    "campaign set": (("--budget", "9", "--db", "flipped.db"), 4),
    "campaign class add": (("dog", "--db", "flipped.db"), 4),
    "campaign class list": (("--db", "flipped.db"), 4),
    "campaign class merge": (("cat", "dog", *DB), 8),
    "campaign class rename": (("dog", "wolf", *DB), 8),
    "campaign class remove": (("wolf", *DB), 8),
    "campaign class unmerge": (("dog", *DB), 8),
    "campaign person list": (("--db", "flipped.db"), 4),
    "campaign person merge": (("ann", "bob", *DB), 8),
    "campaign person rename": (("ann", "bob", *DB), 8),
    "campaign person team": (("ann", "vendorA", "--db", "flipped.db"), 4),
    "campaign quarantine list": (("--db", "flipped.db"), 4),
    "campaign quarantine close": (("--all", "--reason", "r", "--db", "flipped.db"), 4),
    "campaign skip": (("cut.npy", "--annotator", "ann", "--reason", "r", *DB), 4),
    "campaign comment": (("--example", "no-such", "--annotator", "ann", "--text", "t", *DB), 3),
    "campaign untell": (("missing.csv", *DB), 8),
    "serve run": (("flipped.db",), 4),
    "serve demo": (("--folder", "cut.npy"), 4),
    "serve token add": (("bot", "--role", "lead", "--db", "flipped.db"), 4),
    "serve token list": (("--db", "flipped.db"), 4),
    "serve token rotate": (("7", *DB), 8),
    "serve token revoke": (("7", *DB), 8),
    "serve user add": (("ann", "--role", "annotator", "--db", "flipped.db"), 4),
    "serve user list": (("--db", "flipped.db"), 4),
    "serve user password": (("ann", *DB), 8),
    "serve user revoke": (("ann", *DB), 8),
}


def damaged(path: Path, *, cut: bool = False) -> bytes:
    """The bytes of a file, cut short or with some turned around."""
    content = bytearray(path.read_bytes())
    if cut:
        return bytes(content[: len(content) * 2 // 3])
    for place in range(0, len(content), 97):
        content[place] ^= 0x5A
    return bytes(content)


@pytest.fixture(scope="module")
def wrecks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("wrecks")
    vectors = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
    np.save(home / "pool.npy", vectors)
    (home / "cut.npy").write_bytes(damaged(home / "pool.npy", cut=True))
    pq.write_table(pa.table({"id": range(40), "emb": vectors.tolist()}), home / "pool.parquet")
    (home / "cut.parquet").write_bytes(damaged(home / "pool.parquet", cut=True))
    ladle.cluster(vectors, mean_size=4).save(home / "tree.npz")
    (home / "flipped.npz").write_bytes(damaged(home / "tree.npz"))
    url, pool = f"sqlite:///{home}/good.db", str(home / "pool.npy")
    with ladle.Campaign.create(url, name="a", pool=pool, strategy="uniform", labels=Labels.single(["cat"])) as campaign:
        campaign.backup(home / "good.backup")
    for kind in ("db", "backup"):
        (home / f"flipped.{kind}").write_bytes(damaged(home / f"good.{kind}"))
    (home / "ragged.csv").write_text("id,label\n1,cat\n2,cat,more\n" + "3,cat\n" * 50_000)
    (home / "null.jsonl").write_text("null\n")
    (home / "broken.toml").write_text("name = \n")
    (home / "broken.sqlite").write_bytes(b"SQLite format 3\x00" + bytes(2000))
    (home / "folder").write_text("a file")
    return home


def test_every_command_is_here() -> None:
    assert set(LINES) == {" ".join(path) for path, _ in commands()}


Ended = tuple[str, int, str, str]  # a command, its exit code, stdout and stderr


def check(found: list[Ended], wrecks: Path, before: list[Path]) -> None:
    known = {code for code, _ in exit_codes()} - {0, 1}
    wrong = [
        each
        for each in found
        if each[1] not in known
        or each[1] != LINES[each[0]][1]
        or each[2]
        or sum(line.startswith("error: ") for line in each[3].splitlines()) != 1
        or "Traceback" in each[3]
    ]
    assert wrong == []
    assert sorted(wrecks.iterdir()) == before


def test_damage_ends_in_a_documented_exit_code(
    run: Callable[..., tuple[int, str, str]], wrecks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(wrecks)
    before = sorted(wrecks.iterdir())
    check([(name, *run(*name.split(), *words)) for name, (words, _) in LINES.items()], wrecks, before)


@pytest.mark.long
def test_damage_ends_a_process_with_a_documented_exit_code(wrecks: Path) -> None:
    before = sorted(wrecks.iterdir())

    def ended(name: str) -> Ended:
        words = [sys.executable, "-m", "ladle", *name.split(), *LINES[name][0]]
        done = subprocess.run(words, cwd=wrecks, capture_output=True, text=True, check=False, timeout=300)
        return name, done.returncode, done.stdout, done.stderr

    with ThreadPoolExecutor(4) as pool:
        check(list(pool.map(ended, LINES)), wrecks, before)
