"""Files that are not what they should be, through the program itself: a documented exit code, and what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ladle.cli.program.failures import exit_codes
from tests.cli.campaigns import make_pool

DATA, FILE = 3, 4  # exit codes
GOOD = b'{"id": "im000", "label": "cat"}\n'


def ladle(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program in `folder`. A file that blocks it, or a crash of it, fails the test."""
    command = [sys.executable, "-m", "ladle", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode in dict(exit_codes())
    assert done.returncode != 1, done.stderr  # which stands for what nobody foresaw
    return done


def refused(folder: Path, code: int, words: str, *arguments: str) -> None:
    done = ladle(folder, *arguments, "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["exit_code"]) == (code, code)
    assert words in error["message"]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    make_pool(folder)
    done = ladle(folder, "campaign", "create", "pool.parquet", "--db", "c.db", "--name", "c", "--labels", "cat,dog,emu")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def home(begun: Path, tmp_path: Path) -> Path:
    """A copy of the campaign's folder, to put a file into."""
    return Path(shutil.copytree(begun, tmp_path / "home"))


def case(each: tuple[Any, ...], name: str) -> Any:
    """Short contents are long tests: `make test` tries them on the readers themselves, without a process for each."""
    plain = any(isinstance(part, bytes) and len(part) < 1_000 for part in each)
    return pytest.param(*each, id=name, marks=[pytest.mark.long] if plain else [])


def parquet(path: Path) -> None:
    pq.write_table(pa.table([["im000"], ["cat"], ["dog"]], names=["id", "label", "label"]), path)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


LABELS: list[tuple[str, bytes | Callable[[Path], None], int, str]] = [
    ("l.jsonl", b"null\n" + GOOD, FILE, "line 1 of"),
    ("l.jsonl", GOOD.strip() + GOOD, FILE, "line 1 of"),
    ("l.jsonl", b"[" * 1_000_000, FILE, "line 1 of"),
    ("l.jsonl", b'{"id": "im000", "label": "cat", "told_at": "0001-01-01T00:00:00+05:00"}', DATA, "told_at"),
    ("l.manifest", b"null\n", FILE, "line 1 of"),
    ("l.json", b'{"images": [{"id": ' + b"9" * 6_000 + b"}]}", FILE, "thousands of digits"),
    ("l.csv", b"id;note\nim000;sure\n", FILE, "have labels in `label`"),
    ("l.csv", b"id,label\nim000,c\x81t\n", FILE, "UTF-8"),
    ("l.parquet", parquet, FILE, "have one column `label`"),
    ("l.parquet", b"PAR1" * 10, FILE, "l.parquet"),
    ("l.csv", pipe, FILE, "a pipe"),
    ("l.jsonl", device, FILE, "a device"),
    ("l.jsonl", link_to_itself, FILE, "symbolic links"),
    ("l.json", Path.mkdir, FILE, "a folder"),
]


@pytest.mark.parametrize(("name", "content", "code", "words"), [case(each, f"{each[0]}: {each[3]}") for each in LABELS])
def test_labels(home: Path, name: str, content: bytes | Callable[[Path], None], code: int, words: str) -> None:
    if isinstance(content, bytes):
        (home / name).write_bytes(content)
    else:
        content(home / name)
    refused(home, code, words, "campaign", "tell", name, "--db", "c.db")


TOML = 'name = "x"\n'
OTHERS: list[tuple[tuple[str, ...], str, bytes | Callable[[Path], None], str]] = [
    (("lab", "run"), "p.toml", TOML.encode("utf-16"), "UTF-8"),
    (("lab", "run"), "p.toml", b"seed = " + b"9" * 6_000, "be TOML"),
    (("lab", "run"), "p.toml", b"a = " + b"[" * 100_000, "be TOML"),
    (("lab", "run"), "p.toml", TOML.encode() * 2, "be TOML"),
    (("lab", "run"), "p.toml", pipe, "a pipe"),
    (("lab", "report"), "l.sqlite", pipe, "a pipe"),
    (("lab", "report"), "l.sqlite", link_to_itself, "symbolic links"),
    (("lab", "report"), "l.sqlite", b"\x00" * 4096, "l.sqlite"),
    (("lab", "report"), "l.sqlite", b"SQLite format 3\x00" + b"\x01" * 4096, "l.sqlite"),
]


@pytest.mark.parametrize(
    ("command", "name", "content", "words"),
    [case(each, f"{each[1]} {number}") for number, each in enumerate(OTHERS)],
)
def test_protocols_and_ledgers(
    tmp_path: Path, command: tuple[str, ...], name: str, content: bytes | Callable[[Path], None], words: str
) -> None:
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    else:
        content(tmp_path / name)
    refused(tmp_path, FILE, words, *command, name)


SELECT = ("select", "pool.parquet", "--scores", "scores-1.parquet", "--score-id", "id", "--size", "5")
PIPED = [
    ("campaign", "round", "--db", "c.db", "--scores", "p.parquet", "--size", "5", "-o", "b.csv"),
    ("campaign", "ask", "--db", "c.db", "--scores", "scores-1.parquet", "--size", "5", "-o", "p.csv"),
    ("campaign", "export", "labels", "--db", "c.db", "-o", "p.csv"),
    (*SELECT, "--strategy", "margin", "-o", "p.csv"),
    (*SELECT, "--strategy", "cluster-margin", "--tree", "p.npz", "-o", "b.csv"),
    ("cluster", "pool.parquet", "-o", "p.npz"),
    ("assign", "p.npz", "pool.parquet", "-o", "a.csv"),
]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes")
@pytest.mark.parametrize("arguments", PIPED, ids=lambda arguments: " ".join(arguments[:2]))
def test_no_command_waits_for_a_pipe_or_replaces_it(home: Path, arguments: tuple[str, ...]) -> None:
    for name in ("p.csv", "p.parquet", "p.npz"):
        pipe(home / name)
    refused(home, FILE, "a pipe", *arguments)
    assert all((home / name).is_fifo() for name in ("p.csv", "p.parquet", "p.npz"))
