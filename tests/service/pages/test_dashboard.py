"""Each page of the dashboard: its facts are those of Reader, for those who may see it, and nothing in it runs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from starlette.testclient import TestClient

import ladle
from ladle.campaign.status import status
from ladle.service.app import create_app
from ladle.service.config import ServiceConfig
from ladle.service.gate.roles import Role
from ladle.service.shown_commands import command_of, with_commands
from tests.campaign.made import Clock
from tests.service.pages.conftest import BOB, EVIL, HTML, LEADS, ROWS, ids
from tests.service.pages.reading import Element, read_page
from tests.service.served import ADDRESS, Served

PAGES = (
    *(
        "/overview?wait=true",
        "/batches?wait=true",
        "/batches/1",
        "/clusters?wait=true",
        "/clusters/3",
        "/tasks",
        "/people?wait=true",
    ),
    *(
        "/audit",
        "/comments",
        "/comments?flags=true",
        "/quarantine",
        "/resolved",
        "/tasks?noted=flagged&cluster=3",
        f"/examples/{quote(ids()[0], safe='')}",
        "/map",
        "/overview/people-and-models",
    ),
    "/map/list?shape=0,0;65536,0;65536,65536;0,65536",
)


def page(served: Served, path: str, role: Role = Role.LEAD) -> Element:
    answer = served.client("lea" if role is Role.LEAD else "ray", role).get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return read_page(answer.text)


def wait_for_map(served: Served) -> None:
    assert served.lead.get("/map/ready").status_code == 204


@pytest.mark.parametrize("path", PAGES)
def test_who_may_see_it(led: Served, path: str) -> None:
    wait_for_map(led)
    for role in LEADS:
        page(led, path, role)
    assert led.annotator().get(path, headers=HTML).status_code == 403
    assert led.client().get(path, headers=HTML).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("path", PAGES)
def test_nothing_hostile_becomes_markup(led: Served, path: str) -> None:
    wait_for_map(led)
    text = led.lead.get(path, headers=HTML).text
    assert "<img src=x" not in text
    found = read_page(text)
    assert not [each for each in found.all("img") if each.attributes.get("src") == "x"]
    csp = led.lead.get(path, headers=HTML).headers["content-security-policy"]
    assert "unsafe" not in csp


def test_hostile_words_are_there_as_text(led: Served) -> None:
    first = led.campaign.batch(1)
    excluded, skipped = str(first.ids[29]), str(first.ids[20])
    for path, words in (
        (f"/examples/{quote(excluded, safe='')}", f"blurred{EVIL}"),
        (f"/examples/{quote(skipped, safe='')}", f"dark{EVIL}"),
        (f"/examples/{quote(str(first.ids[3]), safe='')}", f"clear{EVIL}"),
        (f"/examples/{quote(str(first.ids[1]), safe='')}", f"odd{EVIL}"),
        ("/batches?wait=true", f"k{EVIL}"),
        ("/people?wait=true", BOB),
        ("/quarantine", f"kat{EVIL}"),
        ("/overview?wait=true", BOB),
    ):
        assert words in page(led, path).text, path


class TestOverview:
    def test_the_figures(self, led: Served) -> None:
        figures = led.campaign.figures()
        shown = [each.text for each in page(led, "/overview?wait=true").all("div", **{"class": "figure"})]
        assert shown[0].startswith(f"{figures.labelled:,} labelled of {figures.asked:,} asked for")
        assert f"{figures.outstanding:,} out" in shown[1]
        assert f"{figures.spend:,} labels paid for of 500; {figures.left:,} left" in " ".join(shown)
        assert f"{figures.cost:,.2f} EUR" in " ".join(shown)
        assert f"{figures.disputed:,} disputed" in " ".join(shown)
        assert f"{figures.quarantined:,} in quarantine" in " ".join(shown)

    def test_people_steps_models_verdicts(self, led: Served) -> None:
        found = page(led, "/overview?wait=true")
        known = status(led.campaign)
        rows = {row[0]: row for row in found.rows()}
        for each in known.progress.annotators:
            assert rows[each.annotator][1] == f"{each.labels:,}"
        listed = found.all("ol")[0].text
        for step in known.steps:
            message = with_commands(led.campaign, step.message).replace("`", "")
            assert message in re.sub(r" ([.,])", r"\1", listed)
            assert command_of(led.campaign, step.command) in listed
        curves = found.all("svg")
        assert [each.attributes["aria-label"] for each in curves] == [
            "accuracy of 2 recorded models: 0.6 with 0 labelled examples, 0.7 with 19",
        ]
        assert "v2: loss 0.4 with 19 labelled. A curve begins with the second model." in found.text
        for verdict in known.progress.stopping:
            assert verdict.told in found.text

    def test_kinds_of_disputes_and_what_is_excluded(self, led: Served) -> None:
        led.campaign.skip(led.campaign.batch(1).ids[20:21], annotator="ann", reason="dark")  # bob has skipped it too
        led.campaign.skip(led.campaign.batch(1).ids[20:21], annotator="eve", reason="dark")
        asked = set(led.campaign.batch(1).ids) | set(led.campaign.batch(2).ids)
        others = [each for each in led.campaign.ids.values.to_pylist() if each not in asked]
        led.campaign.exclude(others[:2], reason="never asked for")
        kinds = [each.why for each in led.campaign.disputes()]
        words = []
        if kinds.count("disagree"):
            words.append(f"of {kinds.count('disagree')} people disagree")
        if kinds.count("skipped"):
            words.append(f"{kinds.count('skipped')} {'has' if kinds.count('skipped') == 1 else 'have'} too few labels")
        assert len(words) == 2
        text = page(led, "/overview?wait=true").text
        assert f"{len(kinds)} disputed: " + ", ".join(words) in text
        assert "3 excluded, 1 of them after they were asked for" in text

    def test_the_control_is_told_as_on_the_command_line(self, tmp_path: Path) -> None:
        from ladle.labelling.control_words import control_lines

        pool = ladle.open_pool(np.random.default_rng(0).normal(size=(ROWS, 4)).astype(np.float32), ids=ids())
        given = {"name": "c", "pool": pool, "strategy": "margin", "labels": ["cat", "dog"], "control": 0.5}
        database = f"sqlite:///{tmp_path}/c.db"
        with ladle.Campaign.create(database, **given) as campaign:
            batch = campaign.ask(40, margins=np.linspace(0, 1, ROWS, dtype=np.float32))
            campaign.tell(batch.ids[:10], ["cat"] * 10, annotator="ann")
            control = campaign.progress().control
            assert control is not None
            expected = control_lines(control, is_value=False)
            app = create_app(ServiceConfig(database=database, name="c", pool=pool))
            with TestClient(app, base_url=ADDRESS):
                (part,) = page(Served(app, campaign, Clock()), "/overview?wait=true").all(
                    "section", **{"aria-labelledby": "control-title"}
                )
        told = dict(zip([each.text for each in part.all("dt")], [each.text for each in part.all("dd")], strict=True))
        assert told == expected

    def test_storage_and_backup(self, led: Served) -> None:
        assert "never" in page(led, "/overview").text
        assert led.campaign.storage().last_backup is None
        answer = led.browser().post("/overview/backup", data={"csrf": csrf(led)})
        assert answer.status_code == 403  # the secret of another session

    def test_a_page_does_not_wait_for_figures_of_all_labels(self, led: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        import threading

        go_on = threading.Event()
        real = status

        def slow(campaign):  # type: ignore[no-untyped-def]
            go_on.wait(20)
            return real(campaign)

        monkeypatch.setattr("ladle.service.pages.dashboard.overview.status", slow)
        found = page(led, "/overview")
        (place,) = [each for each in found.all("p") if "data-reload" in each.attributes]
        go_on.set()
        assert "Annotators" in page(led, place.attributes["data-reload"]).text
        assert not [each for each in page(led, "/overview").all("p") if "data-reload" in each.attributes]

    def test_a_large_campaign_is_read_when_someone_asks(self, led: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ladle.service.pages.dashboard.readings.MOST_UNASKED", 10)
        for path in ("/overview", "/batches", "/clusters", "/people"):
            found = page(led, path)
            (link,) = [each for each in found.all("a") if each.text == "Count now"]
            assert " are read: less than a second of one processor" in found.text, path
            assert not [each for each in found.all("p") if "data-reload" in each.attributes], path
            assert "Count now" not in page(led, link.attributes["href"]).text
            assert "Count now" not in page(led, path).text  # the last reading is shown
            assert "Count again" not in page(led, path).text
        led.campaign.tell(led.campaign.ids.at([150]).to_pylist(), ["cat"], annotator="ann")
        for path in ("/overview", "/batches", "/clusters", "/people"):
            assert "Count again" in page(led, path).text, path


def csrf(served: Served) -> str:
    text = served.browser().get("/overview", headers=HTML).text
    return read_page(text).all("meta", name="csrf")[0].attributes["content"]


class TestLists:
    def test_batches(self, led: Served) -> None:
        rows = page(led, "/batches?wait=true").rows()
        known = list(led.campaign.batches())[::-1]
        assert [(row[0], row[1], row[2], row[4]) for row in rows] == [
            (str(each.number), f"{each.size:,}", f"{each.outstanding:,}", each.holder or "anybody") for each in known
        ]

    def test_a_batch(self, led: Served) -> None:
        batch, found = led.campaign.batch(1), page(led, "/batches/1")
        assert [each.text for each in found.all("span", **{"class": "thumb-id"})] == list(map(str, batch.ids))
        assert "cluster-margin" in found.text
        for name in [each for each in (*batch.story, *batch.story["facts"]) if each != "facts"]:
            assert name.replace("_", " ") in found.text
            assert name not in found.text or "_" not in name
        shown = dict(zip(*([each.text for each in found.all(tag)] for tag in ("dt", "dd")), strict=True))
        assert shown["seed"] == str(batch.story["seed"])
        assert shown["pool rows"] == "200"
        assert led.lead.get("/batches/9", headers=HTML).status_code == 404

    @pytest.mark.parametrize(
        "filters", [{}, {"state": "disputed"}, {"batch": 2}, {"annotator": BOB}, {"label": "dog", "annotator": BOB}]
    )
    def test_tasks(self, led: Served, filters: dict[str, object]) -> None:
        query = "&".join(f"{name}={quote(str(value))}" for name, value in filters.items())
        rows = page(led, f"/tasks?{query}").rows()
        known = led.campaign.task_page(**filters)
        assert [row[:3] for row in rows] == [[str(each.id), each.state, str(each.batch or "-")] for each in known.rows]
        assert len(rows) > 0

    def test_an_id_leads_to_its_example(self, led: Served) -> None:
        example = str(led.campaign.ids.at([7])[0])
        answer = led.lead.get("/tasks", params={"example": f" {example} "}, headers=HTML)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/examples/{quote(example, safe='')}"
        assert page(led, answer.headers["location"]).all("h1")[0].text == f"Example {example}"
        assert page(led, "/tasks").all("input", name="example")

    def test_an_address_that_is_none(self, led: Served) -> None:
        answer = led.lead.get("/nowhere", headers=HTML)
        assert answer.status_code == 404
        assert "There is nothing at /nowhere." in read_page(answer.text).text

    def test_tasks_in_pages(self, led: Served) -> None:
        led.campaign.assign(led.campaign.ids.at(list(range(ROWS))).to_pylist(), to="ann")
        seen, path = [], "/tasks?assigned_to=ann"
        while path:
            found = page(led, path)
            seen += [row[0] for row in found.rows()]
            path = next((each.attributes["href"] for each in found.all("a", rel="next")), "")
        assert len(seen) == len(set(seen)) > 100

    @pytest.mark.parametrize("query", ["batch=many", "label=kitten", "after=x", "state=lost", "batch=-1"])
    def test_a_filter_that_is_none(self, led: Served, query: str) -> None:
        assert led.lead.get(f"/tasks?{query}", headers=HTML).status_code == 422

    @pytest.mark.parametrize(
        ("by", "column", "rising"), [("size", 1, False), ("disputes", 4, False), ("uncertainty", 7, True)]
    )
    def test_clusters(self, led: Served, by: str, column: int, rising: bool) -> None:
        rows = page(led, f"/clusters?wait=true&by={by}").rows()
        margins = led.campaign.map.margins()
        assert margins is not None
        known = {str(each.cluster): each for each in led.campaign.map.clusters_of_tasks(margins[1])}
        assert {row[0] for row in rows} == set(known)
        for row in rows:
            each = known[row[0]]
            assert row[1:6] == [
                str(each.size),
                str(each.asked),
                str(each.labelled),
                str(each.disputed),
                str(each.labels),
            ]
            assert row[7] == f"{each.margin:.3f}"
        values = [float(row[column]) for row in rows]
        assert values == sorted(values, reverse=not rising)

    def test_people(self, led: Served) -> None:
        found = page(led, "/people?wait=true")
        tables = found.all("table")
        assert [row[0] for row in tables[1].rows()] == [each.who or "nobody named" for each in led.campaign.holdings()]
        assert [row[0] for row in tables[2].rows()] == [each.name for each in led.campaign.people.list()]

    def test_comments_and_flags(self, led: Served) -> None:
        from ladle.service.pages.labelling.page import FLAG

        first = led.campaign.batch(1).ids
        led.campaign.comment(first[5:6], FLAG, annotator=BOB)
        known = [(str(each.id), each.annotator, each.text) for each in led.campaign.comments()][::-1]
        told = [(example, by, "flag" if text == FLAG else text) for example, by, text in known]
        assert [tuple(row[1:]) for row in page(led, "/comments").rows()] == told
        assert [tuple(row[1:]) for row in page(led, "/comments?flags=true").rows()] == [(str(first[5]), BOB, "flag")]
        figures = page(led, "/overview?wait=true")
        tile = f"{len(known)} {len(known) - 1} comment{'' if len(known) == 2 else 's'}, 1 flag"
        assert tile in [each.text for each in figures.all("div", **{"class": "figure"})]
        (part,) = page(led, f"/examples/{quote(str(first[5]), safe='')}").all(
            "section", **{"aria-labelledby": "comments-title"}
        )
        assert [row[1:] for row in part.rows()] == [[BOB, "flag"]]

    def test_comments_in_pages(self, led: Served) -> None:
        for number in range(150):
            led.campaign.comment(led.campaign.ids.at([number]).to_pylist(), f"c{number}", annotator="ann")
        seen = [row[3] for number in (1, 2) for row in page(led, f"/comments?page={number}").rows()]
        assert seen == [each.text for each in led.campaign.comments()][::-1]

    def test_audit(self, led: Served) -> None:
        rows = page(led, "/audit").rows()
        known = list(led.campaign.audit())[::-1]
        assert [(row[0], row[2], row[3], row[6]) for row in rows] == [
            (str(each.seq), each.kind, each.actor, each.chain[:12]) for each in known
        ]

    def test_times_in_the_audit_log_are_times(self, led: Served) -> None:
        led.campaign.take("ann", 1, lease_seconds=3600.0)
        until = next(each.details["lease_until"] for each in list(led.campaign.audit())[::-1] if each.kind == "take")
        first = page(led, "/audit").rows()[0]
        assert f"lease until: {datetime.fromtimestamp(until / 1e6, UTC):%Y-%m-%d %H:%M} UTC" in first[4]

    def test_a_story(self, led: Served) -> None:
        for example in map(str, led.campaign.batch(1).ids[:4]):
            found, known = page(led, f"/examples/{quote(example, safe='')}"), led.campaign.story(example)
            lines = [each.parts[-1] for each in found.all("ol", **{"class": "story"})[0].all("li")]
            assert [each.text for each in lines if isinstance(each, Element)] == [
                " ".join(what.split()) for _, what in known.lines
            ]
            assert known.state in found.text
        assert led.lead.get("/examples/nobody", headers=HTML).status_code == 404


class TestQuarantine:
    def test_entries_and_their_mending(self, led: Served) -> None:
        found = page(led, "/quarantine")
        entries = [each for each in led.campaign.quarantine() if each.is_open]
        assert [(row[1], row[2]) for row in found.rows()] == [(str(each.number), each.id) for each in entries]
        titles = [each.text for each in found.all("h3")]
        assert titles == ["unknown example", "unknown class"]
        assert "class add CLASS" in found.text

    def test_the_reader_has_no_form(self, led: Served) -> None:
        assert not page(led, "/quarantine", Role.READER).all("button", type="submit")[1:]

    def test_close_after_a_question(self, led: Served) -> None:
        lead = led.lead
        first = lead.post("/quarantine/close", data={"number": ["1"], "reason": f"typed{EVIL}"}, headers=HTML)
        asked = read_page(first.text)
        assert led.campaign.figures().quarantined == 2
        fields = {each.attributes["name"]: each.attributes["value"] for each in asked.all("form")[-1].all("input")}
        assert fields["confirmed"] == "true"
        done = lead.post("/quarantine/close", data=fields, headers=HTML)
        assert "1 entry is closed" in read_page(done.text).text
        assert [each.closing for each in led.campaign.quarantine() if not each.is_open] == [f"typed{EVIL}"]
        assert lead.post("/quarantine/close", data={"reason": "x"}, headers=HTML).status_code == 422
