"""Databases of every schema there ever was are upgraded, and tell what they told; others are refused."""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import ladle
import ladle.store.migrations
from ladle.errors import FileError, FileFormatError
from ladle.labelling import MemoryStore, Store
from ladle.store import SqlStore
from ladle.store.schema import METADATA
from ladle.store.upgrade import NEWEST, VERSION_TABLE
from tests.golden.make_campaign import Clock, everything, ids_of, told_of

GOLDEN = Path(__file__).parents[1] / "golden"
VERSIONS = sorted(
    path.name.removeprefix("campaign-").removesuffix(".db.gz") for path in GOLDEN.glob("campaign-*.db.gz")
)


def script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(ladle.store.migrations.__file__).parent))
    return ScriptDirectory.from_config(config)


def test_the_newest_version_is_the_head_of_the_migrations() -> None:
    assert script().get_heads() == [NEWEST]


def test_there_is_a_database_of_every_version() -> None:
    assert sorted(each.revision for each in script().walk_revisions()) == VERSIONS


@pytest.mark.parametrize("kind", ["sqlite", "postgres"], indirect=True)
def test_the_migrations_make_the_tables_that_the_code_has(store: SqlStore) -> None:
    engine = sa.create_engine(store.url)
    with engine.connect() as connection:
        found = compare_metadata(
            MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}), METADATA
        )
    engine.dispose()
    assert found == []


# Figures of `progress` whose meaning is another one since version 0002.
OTHER_MEANING = {"agreement", "spend", "labelled", "labels_per_day", "seconds_left", "annotators"}


def as_counted_today(expected: dict[str, Any]) -> dict[str, Any]:
    """What an older Ladle told, where gold on which people disagree is labelled. It was disputed once."""
    gold = {row["id"] for row in expected["resolved"] if row["how"] == "gold"}
    settled = [row for row in expected["outstanding"] if row["id"] in gold and row["state"] == "disputed"]
    told = json.loads(json.dumps(expected))
    told["outstanding"] = [row for row in expected["outstanding"] if row not in settled]
    for row in settled:
        of_round, batch = told["rounds"][row["round"] - 1], told["batches"][row["round"] - 1]
        for counts, name, more in (
            (of_round, "disputed", -1),
            (of_round, "labelled", 1),
            (batch, "outstanding", -1),
            (told["progress"], "outstanding", -1),
            (told["progress"], "disputed", -1),
        ):
            counts[name] += more
    return told


def _without_words(verdicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The verdicts of the stopping rules without their sentences, which have other words today."""
    return [{key: value for key, value in each.items() if key != "told"} for each in verdicts]


def assert_tells(told: dict[str, Any], expected: dict[str, Any]) -> None:
    """What an older Ladle told is told today. Tables may have more columns, and the log the event of the upgrade."""
    expected = as_counted_today(expected)
    assert expected.keys() <= told.keys()
    for name, old in expected.items():
        now, before = told[name], old
        if name == "progress":
            before = {key: value for key, value in old.items() if key not in OTHER_MEANING}
            now, before = ({**each, "stopping": _without_words(each["stopping"])} for each in (now, before))
        if name == "audit":
            assert [row["kind"] for row in now[len(before) :]] in ([], ["upgrade"])
            now = now[: len(before)]
        if isinstance(before, list) and before and isinstance(before[0], dict):
            assert len(now) == len(before)
            now = [{key: row[key] for key in wanted} for row, wanted in zip(now, before, strict=True)]
        if name == "story":  # it tells more today
            lines = before.splitlines()
            before, now = lines[0], now.splitlines()[0]
            today = told[name].splitlines()
            known = [line for line in lines if "taken by cy" not in line]
            assert all(any(each.startswith(line) for each in today) for line in known)
        if isinstance(before, dict):
            now = {key: now[key] for key in before}
        assert now == before, name


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_any_version_is_upgraded_and_tells_what_it_told(version: str, tmp_path: Path) -> None:
    (tmp_path / "old.db").write_bytes(gzip.decompress((GOLDEN / f"campaign-{version}.db.gz").read_bytes()))
    url = f"sqlite:///{tmp_path}/old.db"
    if version != NEWEST:
        with pytest.raises(FileFormatError, match="ladle campaign migrate"):
            ladle.Campaign.open(url, name="birds")
    assert ladle.Campaign.migrate(url) == (version, NEWEST)
    assert ladle.Campaign.migrate(url) == (NEWEST, NEWEST)
    clock = Clock()
    clock.now += 9 * 86400
    pool = ladle.open_pool([[0.0] * 4] * 60, ids=ids_of())
    with ladle.Campaign.open(url, name="birds", pool=pool, clock=clock) as campaign:
        told = told_of(campaign)
        expected = json.loads((GOLDEN / f"campaign-{version}.json").read_text("utf-8"))
        assert_tells(told, expected)
        problems = campaign.verify().problems
        assert all("ids-" in each and "no such file" in each for each in problems), problems  # left behind on purpose
        again = campaign.ask(5, margins=[0.5] * 60)  # and it goes on
        assert campaign.tell(again.ids, ["cat"] * 5, annotator="newcomer").accepted == 5


def test_a_backup_of_the_first_version_is_restored(tmp_path: Path) -> None:
    store, clock = MemoryStore(), Clock()
    clock.now += 9 * 86400
    ladle.Campaign.restore(store, GOLDEN / "campaign-1.backup", files=str(tmp_path / "files")).close()
    with ladle.Campaign.open(store, name="birds", clock=clock) as campaign:
        assert campaign.verify().ok
        assert_tells(told_of(campaign), json.loads((GOLDEN / "campaign-0001.json").read_text("utf-8")))


def test_a_story_says_what_an_older_ladle_did_not_record(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    clock.now += 10 * 86400
    ladle.Campaign.restore(store, GOLDEN / "campaign-1.backup", files=str(tmp_path / "files")).close()
    with ladle.Campaign.open(store, name="birds", clock=clock, by="lead") as campaign:
        taken, excluded = ids_of()[5], ids_of()[11]
        campaign.include([excluded])
        lost = (
            "up to here an older Ladle did not record which examples were given back, excluded, included again or made "
            "gold: of these, at most the last is known"
        )
        lines = [what for _, what in campaign.story(taken).lines]
        assert lines[-3:] == ["taken by cy", "given back by cy", lost], lines
        assert "taken by ann until 2026-01-09 00:00 UTC" in lines
        assert [what for _, what in campaign.story(excluded).lines][-2:] == [
            lost,
            "included again by lead (was excluded: blurred)",
        ]
        assert "excluded by someone: blurred" in [what for _, what in campaign.story(ids_of()[10]).lines]
        assert "gold: known to be 'cat'" in [what for _, what in campaign.story(ids_of()[40]).lines]


def test_the_same_changes_tell_the_same_today(tmp_path: Path) -> None:
    clock = Clock()
    campaign = everything(MemoryStore(), tmp_path, clock)  # type: ignore[arg-type]
    told, expected = told_of(campaign), json.loads((GOLDEN / f"campaign-{NEWEST}.json").read_text("utf-8"))
    assert campaign.verify().ok
    assert told == expected


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    SqlStore.create(url).close()
    with sqlite3.connect(tmp_path / "new.db") as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.close()
    for act in (lambda: ladle.Campaign.names(url), lambda: ladle.Campaign.migrate(url), lambda: SqlStore.create(url)):
        with pytest.raises(FileFormatError, match="9999"):
            act()


def test_a_database_of_something_else_keeps_it(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "mine.db") as connection:
        connection.execute("CREATE TABLE campaign (mine TEXT)")
    connection.close()
    url = f"sqlite:///{tmp_path}/mine.db"
    with pytest.raises(FileFormatError, match="none of Ladle's"):
        ladle.Campaign.names(url)
    with pytest.raises(FileFormatError, match="none of Ladle's"):
        ladle.Campaign.migrate(url)
    with SqlStore.create(url) as store:
        assert store.names() == []


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, but long enough to be taken for one" * 100)
    with pytest.raises(FileError, match=r"text\.db"):
        ladle.Campaign.names(f"sqlite:///{tmp_path}/text.db")
    with pytest.raises(FileError, match="no such file"):
        ladle.Campaign.names(f"sqlite:///{tmp_path}/absent.db")
    assert not (tmp_path / "absent.db").exists()
