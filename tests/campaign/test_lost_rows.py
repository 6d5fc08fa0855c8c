"""Rows that are gone, and values that no campaign has: verify finds them, and no act ends in a traceback.

Most of it in memory, where tables are soon changed; there are no seals, as if each had been made right again. Acts
write into the folder of the campaign's files, which all the tests here share: it is put back after them.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import ladle
from ladle.campaign.status import status
from ladle.errors import CorruptFileError, LadleError
from ladle.labelling import MemoryStore
from ladle.labelling.contract.columns import Columns
from ladle.labelling.contract.tables import KINDS, EventTable, ExclusionTable, PoolPartTable
from ladle.store import SqlStore
from tests.golden.make_campaign import Clock, everything, ids_of

FILLED = list(KINDS)
SOME = np.linspace(0, 1, 60, dtype=np.float32)
Tables = dict[type[Columns], dict[Any, Any]]


def begun(store: Any) -> ladle.Campaign:
    clock = Clock()
    clock.now += 30 * 86400
    return ladle.Campaign.open(store, name="birds", clock=clock)


ACTS: dict[str, Callable[[ladle.Campaign, Path], Any]] = {
    **{
        name: (lambda campaign, _, name=name: str(getattr(campaign, name)().to_pylist()))
        for name in (
            *("labels", "resolved", "outstanding", "holdings", "disputes", "adjudications"),
            *("quarantine", "audit", "rounds", "batches"),
        )
    },
    "progress": lambda campaign, _: str(campaign.progress()),
    "status": lambda campaign, _: str(status(campaign)),
    "agreement": lambda campaign, _: str(campaign.agreement()),
    "reviews": lambda campaign, _: str(campaign.reviews().to_pylist()),
    "control": lambda campaign, _: str(campaign.control()),
    "classes": lambda campaign, _: str(campaign.classes.counts().to_pylist()),
    "pools": lambda campaign, _: str(campaign.pool.history().to_pylist()),
    "batch": lambda campaign, _: campaign.batch(),
    "batch 1": lambda campaign, _: campaign.batch(1),
    "batch by key": lambda campaign, _: campaign.batch(key="first"),
    "story": lambda campaign, _: [str(campaign.story(each)) for each in ids_of()[:12]],
    "ids": lambda campaign, _: campaign.ids,
    "backup": lambda campaign, folder: campaign.backup(folder / "b.zip"),
    "ask": lambda campaign, _: campaign.ask(4, margins=SOME),
    "ask again": lambda campaign, _: campaign.ask(
        20, margins=SOME[:50], key="first", holder="team", model="m0", gold=2
    ),
    "ask with gold": lambda campaign, _: campaign.ask(4, margins=SOME, gold=1),
    "tell": lambda campaign, _: campaign.tell(ids_of()[:30], ["cat", "dog"] * 15, annotator="ann", key="k"),
    "import": lambda campaign, _: campaign.import_labels(ids_of()[:9], ["cat"] * 9, source="old", annotator="archive"),
    "take": lambda campaign, _: campaign.take("bob", 5),
    "take disputes": lambda campaign, _: campaign.take("bob", 5, disputed=True, share=True),
    "adjudicate": lambda campaign, _: campaign.adjudicate(ids_of()[44:48], "cat", reason="seen"),
    "undo": lambda campaign, _: campaign.undo_adjudication(ids_of()[44:48]),
    "assign": lambda campaign, _: campaign.assign(ids_of()[46:52], to="eve"),
    "unassign": lambda campaign, _: campaign.unassign(ids_of()[46:52]),
    "release": lambda campaign, _: campaign.release("ann"),
    "delete": lambda campaign, _: campaign.delete_labels(ids_of()[:20], reason="wrong"),
    "delete by name": lambda campaign, _: campaign.delete_labels(annotator="ann", reason="wrong"),
    "skip": lambda campaign, _: campaign.skip(ids_of()[:30], annotator="ann", reason="too dark"),
    "comment": lambda campaign, _: campaign.comment(ids_of()[:30], "why?", annotator="ann"),
    "comments": lambda campaign, _: str(campaign.comments().to_pylist()),
    "people": lambda campaign, _: str(campaign.people.list().to_pylist()),
    "merge": lambda campaign, _: campaign.people.merge("bob", "ann"),
    "rename": lambda campaign, _: campaign.people.rename("bob", "rob"),
    "close": lambda campaign, _: campaign.withdrawals.close_quarantined(reason="old"),
    "remove gold": lambda campaign, _: campaign.withdrawals.remove_gold(ids_of()[:45]),
    "correct": lambda campaign, _: campaign.record_model("m1", metrics={"accuracy": 0.6}, correct=True),
    "exclude": lambda campaign, _: campaign.exclude(ids_of()[:14], reason="dark"),
    "include": lambda campaign, _: campaign.include(ids_of()[:14]),
    "gold": lambda campaign, _: campaign.add_gold(ids_of()[:3], ["cat"] * 3),
    "model": lambda campaign, _: campaign.record_model("m2", metrics={"accuracy": 0.5}),
    "extend": lambda campaign, _: campaign.extend(ladle.open_pool(np.ones((61, 4)), ids=[*ids_of(), "bilder/60.jpg"])),
}


ANSWERS = {
    *("labels", "resolved", "outstanding", "holdings", "disputes", "adjudications", "quarantine", "audit", "rounds"),
    *("batches", "progress", "batch", "batch 1", "batch by key", "story", "comments", "people", "classes", "control"),
    *("status", "agreement", "reviews", "pools", "backup"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> MemoryStore:
    """A campaign that has rows in every table of `FILLED`."""
    store = MemoryStore()
    campaign = everything(store, tmp_path_factory.mktemp("sound") / "files", Clock())  # type: ignore[arg-type]
    assert campaign.verify().ok
    return store


@pytest.fixture(autouse=True)
def still_sound(sound: MemoryStore) -> Iterator[None]:
    """A test that leaves a problem behind would have the ones after it notice what they did not make."""
    yield
    assert found(sound) == ()


def with_tables(store: MemoryStore, changes: Tables) -> MemoryStore:
    """A copy with other rows in some tables; an act on it leaves the original as it is."""
    other = MemoryStore()
    text, tables = store._campaigns["birds"]
    other._campaigns["birds"] = (text, tables | changes)
    return other


def rows_in(store: MemoryStore, kind: type[Columns]) -> dict[Any, Any]:
    return dict(store._campaigns["birds"][1][kind])


@contextmanager
def files_kept(store: MemoryStore, scratch: Path) -> Iterator[None]:
    """The files of a campaign are after the block as before it: those of other copies of its tables, too."""
    files = Path(json.loads(store._campaigns["birds"][0])["files"])
    shutil.copytree(files, scratch / "kept")
    try:
        yield
    finally:
        shutil.rmtree(files)
        shutil.move(scratch / "kept", files)


def use(store: MemoryStore, scratch: Path) -> list[str]:
    """Each act on the campaign as it is; those that ended in an error of Ladle's. Any other error is raised."""
    ended = []
    with files_kept(store, scratch):
        for name, act in ACTS.items():
            try:
                act(begun(with_tables(store, {})), scratch)
            except LadleError:
                ended.append(name)
    return ended


def found(store: Any) -> tuple[str, ...]:
    """What verify finds, or the error that it ends in."""
    try:
        with begun(store) as campaign:
            verdict = campaign.verify()
            assert verdict.ok == (not verdict.problems)
            return verdict.problems
    except LadleError as error:
        return (str(error),)


def test_the_sound_one_goes_through_every_act(sound: MemoryStore, tmp_path: Path) -> None:
    assert use(sound, tmp_path) == []
    assert found(sound) == ()


@pytest.mark.parametrize("which", ["first", "last", "all"])
@pytest.mark.parametrize("kind", FILLED, ids=lambda kind: kind.NAME)
def test_rows_that_are_gone(kind: type[Columns], which: str, sound: MemoryStore, tmp_path: Path) -> None:
    rows = rows_in(sound, kind)
    for key in list(sorted(rows)[:1] if which == "first" else sorted(rows)[-1:] if which == "last" else rows):
        del rows[key]
    damaged = with_tables(sound, {kind: rows})
    assert found(damaged)
    assert set(use(damaged, tmp_path)) >= ANSWERS, "whatever is lost, no answer about the campaign is given"


NUMBERS = (-1, 0, 7, 99, 2**40, 2**62)
TEXTS = ("", "x", "[]", "{}", "[1", "9" * 6000)
ODD: dict[str, tuple[Any, ...]] = {"number": NUMBERS, "text": TEXTS, "octets": (b"", b"1", b"12345678")}


@pytest.mark.parametrize("kind", FILLED, ids=lambda kind: kind.NAME)
def test_values_that_no_campaign_has(kind: type[Columns], sound: MemoryStore, tmp_path: Path) -> None:
    silent = []
    for place, (field, holds) in enumerate(kind.layout().items()):
        for value in ODD[holds]:
            rows = rows_in(sound, kind)
            key = sorted(rows)[0]
            before = rows.pop(key)
            row = (*before[:place], value, *before[place + 1 :])
            new = tuple(row[list(kind.layout()).index(name)] for name in kind.KEY)
            damaged = with_tables(sound, {kind: {**rows, new: row}})
            if row != before and not found(damaged):
                silent.append(field)
            use(damaged, tmp_path)
    # People's own words, of which any may be right, and what nothing else tells of.
    assert set(silent) <= FREE[kind.NAME], silent


# Fields that some of the odd values fit, as far as the other rows tell.
FREE: dict[str, set[str]] = {
    "event": set(),
    "pool_part": {"rows", "dtype", "source", "reopen", "dim", "event"},
    "batch": {
        "key",
        "holder",
        "lease_until",
        "asked_at",
        "passed_on",
        "model",
        "scores_digest",
        "story",
        "event",
        "round",
    },
    "batch_rows": {"gold_list", "event"},
    "task": {"origin", "event"},
    "label": {
        *("annotator", "source", "told_at", "recorded_at", "event", "ended"),
        *("told_by", "origin", "spent_ms", "reason", "file"),
    },
    "lease": {"row", "annotator", "lease_until", "event", "since"},
    "gold": {"label", "event", "as_told"},
    "exclusion": {"reason", "at", "event", "active"},
    "quarantined": {
        *("at", "example_id", "label", "annotator", "source", "reason", "event"),
        *("file", "place", "closed", "closing"),
    },
    "model": {"version", "at", "round", "labelled", "metrics", "scores", "scores_digest", "event"},
    "artefact": {"event"},
    "adjudication": {"by", "reason", "at", "event"},
    "assignment": {"row", "assignee", "at", "active", "event"},
    "person": {"name", "team", "merged_into", "event"},
    "comment": {"row", "example_id", "annotator", "text", "told_at", "event"},
    "settings": {"event"},
    "control": {"batch", "drawn", "predicted", "event"},
    "tally": {"event"},
}


def test_an_example_taken_out_of_a_pool_that_has_it(tmp_path: Path) -> None:
    store = MemoryStore()
    with everything(store, tmp_path / "files", Clock()) as campaign:  # type: ignore[arg-type]
        pool = ladle.open_pool(np.ones((59, 4)), ids=ids_of()[1:])
        campaign.exclude(ids_of()[:1], reason="dark")
        campaign.extend(pool, replace=True)
        assert campaign.verify().ok
    rows = rows_in(store, ExclusionTable)
    gone = min(rows)
    assert gone < (0,)
    there = next(row for key, row in rows.items() if key >= (0,))
    odd = (gone[0], there[1], *rows[gone][2:])
    problem = "1 example is both in the pool and taken out of it, such as 'bilder/10.jpg'"
    assert problem in found(with_tables(store, {ExclusionTable: {**rows, gone: odd}}))


@pytest.mark.parametrize("kind", [each for each in FILLED if each.KEY == ("number",)], ids=lambda kind: kind.NAME)
def test_the_newest_row_is_not_read_in_place_of_a_lost_one(kind: type[Columns], sound: MemoryStore) -> None:
    rows = rows_in(sound, kind)
    del rows[max(rows)]
    session = begun(with_tables(sound, {kind: rows}))._session
    with pytest.raises(CorruptFileError, match=f"table {kind.NAME} .* that the log counts"), session.reading() as view:
        view.last(kind)


def test_a_pool_is_not_extended_over_the_files_of_a_lost_part(sound: MemoryStore, tmp_path: Path) -> None:
    rows = rows_in(sound, PoolPartTable)
    del rows[max(rows)]
    with files_kept(sound, tmp_path):
        campaign = begun(with_tables(sound, {PoolPartTable: rows}))
        with pytest.raises(CorruptFileError, match="table pool_part must have the 2 rows that the log counts; got 1"):
            ACTS["extend"](campaign, tmp_path)
        assert found(sound) == ()


def test_an_impossible_value_is_named(sound: MemoryStore) -> None:
    rows = rows_in(sound, EventTable)
    rows[(1,)] = (*rows[(1,)][:6], "{}", rows[(1,)][7])
    assert any("event.details" in line for line in found(with_tables(sound, {EventTable: rows})))


@pytest.mark.parametrize("table", ["pool_part", "batch", "batch_rows", "task", "event"])
def test_rows_deleted_from_a_database(table: str, tmp_path: Path) -> None:
    everything(f"sqlite:///{tmp_path}/birds.db", tmp_path / "files", Clock()).close()
    with sqlite3.connect(tmp_path / "birds.db") as connection:
        assert connection.execute(f"DELETE FROM ladle_{table}").rowcount > 0
    connection.close()
    with begun(f"sqlite:///{tmp_path}/birds.db") as campaign:
        assert any(table in line or "log" in line for line in campaign.verify().problems)
        if table in ("pool_part", "batch"):
            with pytest.raises(CorruptFileError, match=r"hold what was written|say which pool|that the log counts"):
                campaign.progress()


def test_the_campaign_itself_gone(tmp_path: Path) -> None:
    everything(f"sqlite:///{tmp_path}/birds.db", tmp_path / "files", Clock()).close()
    with sqlite3.connect(tmp_path / "birds.db") as connection:
        connection.execute("DELETE FROM ladle_campaign")
    connection.close()
    lost = "the row of a campaign is lost"
    assert lost in found(f"sqlite:///{tmp_path}/birds.db")[0]
    store = SqlStore.open(f"sqlite:///{tmp_path}/birds.db")
    with pytest.raises(CorruptFileError, match=lost):
        store.names()
    with pytest.raises(CorruptFileError, match=lost), store.founding("birds", ""):
        pass
    store.close()


@pytest.mark.parametrize("change", ["delete", "untell", "merge", "team", "correct"])
def test_a_lost_last_event_that_changed_rows_alone_is_noticed(change: str, tmp_path: Path) -> None:
    store = MemoryStore()
    campaign = everything(store, tmp_path / "files", Clock())  # type: ignore[arg-type]
    known = tmp_path / "known.csv"
    known.write_text("id,label\n" + "".join(f"{each},cat\n" for each in ids_of()[20:24]))
    campaign.tell_file(known, annotator="zoe")
    acts: dict[str, Callable[[], object]] = {
        "delete": lambda: campaign.delete_labels(ids_of()[20:22], reason="wrong"),
        "untell": lambda: campaign.withdrawals.untell(known),
        "merge": lambda: campaign.people.merge("zoe", "ann"),
        "team": lambda: campaign.people.set_team("zoe", "night"),
        "correct": lambda: campaign.record_model("m1", metrics={"accuracy": 0.6}, correct=True),
    }
    before = len(rows_in(store, EventTable))
    acts[change]()
    events = rows_in(store, EventTable)
    assert len(events) == before + 1
    del events[max(events)]
    damaged = begun(with_tables(store, {EventTable: events}))
    for answer in ("progress", "resolved", "labels"):
        with pytest.raises(CorruptFileError, match=r"have event|that the log counts"):
            getattr(damaged, answer)()


def test_a_service_tells_stories_for_a_minute_without_another_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting a million tasks takes longer than a story. All other answers are refused at once."""
    path = tmp_path / "birds.db"
    everything(f"sqlite:///{path}", tmp_path / "files", Clock()).close()
    store = SqlStore.open(path, keeps_connections=True)
    now = [1000.0]
    monkeypatch.setattr("ladle.campaign.session.session.time", SimpleNamespace(monotonic=lambda: now[0]))
    with begun(store) as campaign:
        story = str(campaign.story(ids_of()[0]))
        with sqlite3.connect(path) as connection:
            connection.execute("DELETE FROM ladle_assignment")
        connection.close()
        now[0] += 59
        assert str(campaign.acting("ann").story(ids_of()[0])) == story
        with pytest.raises(CorruptFileError):
            campaign.batches()
        now[0] += 1
        with pytest.raises(CorruptFileError):
            campaign.acting("ann").story(ids_of()[0])
    with begun(path) as campaign, pytest.raises(CorruptFileError):
        campaign.story(ids_of()[0])
