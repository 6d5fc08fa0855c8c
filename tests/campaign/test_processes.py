"""Many processes on one campaign, some of which die: every label once, every task in one batch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import ladle
from ladle.labelling import Store
from ladle.store import SqlStore
from tests.campaign.made import begun, ids_of

ROWS = 300
PEOPLE = 3
DATABASES = pytest.mark.parametrize("kind", ["sqlite", "postgres"], indirect=True)
WORKER = """
import json, sys
import ladle
from ladle.store import SqlStore
url, who = sys.argv[1:]
campaign = ladle.Campaign.open(url, name="birds")
"""
TELLER = """
told = []
for part in range(10):
    ids = [f"images/{row}.jpg" for row in range(part * 30, part * 30 + 30)]
    words = ["cat" if (row + int(who)) % 5 else "dog" for row in range(30)]
    for _ in range(2):  # every upload twice under its key, and once more without
        told.append(campaign.tell(ids, words, annotator=who, key=f"{who}/{part}").repeat_of_key)
    told.append(campaign.tell(ids, words, annotator=who).repeated == 30)
print(json.dumps(told))
"""
ASKER = """
print(json.dumps([campaign.ask(10, margins=[row / 300 for row in range(300)]).ids.tolist() for _ in range(4)]))
"""
TAKER = """
print(json.dumps([campaign.take(who, 7).ids.tolist() for _ in range(3)][-1]))
"""


def address(store: Store) -> str:
    assert isinstance(store, SqlStore)
    return store.url.render_as_string(hide_password=False)


def workers(code: str, store: Store, count: int = PEOPLE) -> list:
    """What so many processes printed, each running `code` under a number of its own."""
    command = [sys.executable, "-W", "error", "-c", WORKER + code, address(store)]
    running = [subprocess.Popen([*command, str(who)], stdout=subprocess.PIPE, text=True) for who in range(count)]
    answers = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * count
    return [json.loads(answer) for answer in answers]


CREATOR = """
import sys
import numpy as np
import ladle
url, folder = sys.argv[1:]
ids = [f"images/{row}.jpg" for row in range(300)]
pool = ladle.open_pool(np.arange(600, dtype=np.float32).reshape(300, 2), ids=ids)
made = ladle.Campaign.create(url, name="birds", pool=pool, strategy="cluster-margin", files=folder)
print(made.audit()["kind"].tolist())
"""


def test_creators_at_once_begin_one_campaign(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", CREATOR, f"sqlite:///{tmp_path}/birds.db", str(tmp_path / "files")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [process.communicate() for process in running]
    # Those who come while another clusters are told that its folder is in use; all others have begun or found it.
    begun_or_found = [out for out, error in answers if out == "['create']\n"]
    refused = [error for out, error in answers if "another run in it" in error]
    assert len(begun_or_found) + len(refused) == 3, answers
    assert begun_or_found
    with ladle.Campaign.open(f"sqlite:///{tmp_path}/birds.db", name="birds") as campaign:
        assert campaign.verify().ok


@DATABASES
def test_tellers_at_once_tell_everything_exactly_once(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, rows=ROWS, annotators_per_task=PEOPLE, agreement="unanimous")
    for told in workers(TELLER, store):
        assert told == [False, True, True] * 10
    labels = campaign.labels()
    assert len(labels) == ROWS * PEOPLE
    assert set(labels["version"].tolist()) == {1}
    assert Counter(labels["annotator"].tolist()) == {str(who): ROWS for who in range(PEOPLE)}
    assert len({(row.id, row.annotator) for row in labels}) == ROWS * PEOPLE
    expected = {
        "disputed" if len({(row + who) % 5 > 0 for who in range(PEOPLE)}) > 1 else "labelled": None
        for row in range(ROWS)
    }
    progress = campaign.progress()
    assert progress.labelled_unasked + progress.disputed == ROWS
    assert set(expected) == {"disputed", "labelled"}
    agreed = sum(len({(row % 30 + who) % 5 > 0 for who in range(PEOPLE)}) == 1 for row in range(ROWS))
    assert progress.labelled_unasked == agreed
    assert campaign.verify().ok


@DATABASES
def test_askers_at_once_never_get_the_same_example(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, rows=ROWS)
    asked = [example for batches in workers(ASKER, store, 3) for batch in batches for example in batch]
    assert len(asked) == len(set(asked)) == 120
    assert campaign.progress().rounds == 12
    assert sorted(asked) == sorted(ids_of(120)), "the least sure, whoever came first"
    assert campaign.verify().ok


@DATABASES
def test_takers_at_once_share_the_list(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, rows=ROWS)
    campaign.ask(100, margins=[row / ROWS for row in range(ROWS)])
    taken = [example for mine in workers(TAKER, store) for example in mine]
    assert sorted(taken) == sorted(ids_of(7 * PEOPLE))
    assert campaign.verify().ok


@DATABASES
def test_killed_tellers_lose_nothing_they_were_told_is_kept(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, rows=ROWS)
    code = WORKER + (
        "for version in range(10**6):\n"
        "    row = version % 300\n"
        "    campaign.tell([f'images/{row}.jpg'], [version], annotator=who)\n"
        "    print(version, flush=True)\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, address(store)]
    for who in ("ann", "bob"):
        with subprocess.Popen([*command, who], stdout=subprocess.PIPE, text=True) as teller:
            assert teller.stdout is not None
            for version in range(5):
                assert teller.stdout.readline() == f"{version}\n"
            time.sleep(0.05)
            os.kill(teller.pid, signal.SIGKILL)
            acknowledged = [*range(5), *map(int, teller.stdout.read().split())]
        kept = [row.label for row in campaign.labels() if row.annotator == who]
        assert kept[: len(acknowledged)] == acknowledged
        assert len(kept) <= len(acknowledged) + 1
        assert campaign.verify().ok
    assert ladle.Campaign.open(store, name="birds").tell(ids_of(1), ["cat"]).accepted == 1
