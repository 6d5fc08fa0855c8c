"""The labelling page before its script runs: whose it is, and who starts by a click; and where groups may be."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ladle.errors import ArgumentError
from ladle.service.config import ServiceConfig
from ladle.service.gate.roles import Role
from ladle.service.serving import opened
from tests.service.pages.conftest import HTML
from tests.service.served import Served, serve


def frame(served: Served, name: str, role: Role) -> dict[str, object]:
    answer = served.client(name, role).get("/label", headers=HTML)
    assert answer.status_code == 200
    found = re.search(r'id="settings">(.*?)</script>', answer.text)
    assert found is not None
    settings: dict[str, object] = json.loads(found[1])
    return settings


def test_a_lead_starts_by_a_click_and_an_annotator_at_once(led: Served) -> None:
    assert frame(led, "lea", Role.LEAD)["starts_by_click"] is True
    assert frame(led, "ann", Role.ANNOTATOR)["starts_by_click"] is False


def test_a_reader_learns_who_labels_and_where_to_go(led: Served) -> None:
    answer = led.client("ray", Role.READER).get("/label", headers=HTML)
    assert answer.status_code == 403
    assert "a lead or an annotator" in answer.text
    assert "A reader sees everything and changes nothing." in answer.text
    assert 'href="/overview"' in re.sub(r"<header.*?</header>", "", answer.text, flags=re.DOTALL)
    answer = led.client("ann", Role.ANNOTATOR).get("/overview", headers=HTML)
    assert answer.status_code == 403
    assert 'href="/label"' in re.sub(r"<header.*?</header>", "", answer.text, flags=re.DOTALL)


def test_groups_are_refused_where_a_task_needs_several_labels(made: Path) -> None:
    config = ServiceConfig(database=f"sqlite:///{made}/birds.db", name="birds", port=0, groups=True)
    with pytest.raises(ArgumentError, match=r"groups.*2 labels a task"):
        opened(config, lead="lead")


def test_the_page_has_groups_only_where_a_task_needs_one_label(tmp_path: Path) -> None:
    """A campaign may get the setting while it is served."""
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, groups=True) as served:
        assert frame(served, "ann", Role.ANNOTATOR)["groups"] is True
        served.campaign.set(annotators_per_task=2)
        assert frame(served, "ann", Role.ANNOTATOR)["groups"] is False


@pytest.mark.parametrize(
    ("labels", "waiting", "words"),
    [
        (3, 0, "No member was drawn for the audit yet"),
        (1, 1, "1 member was drawn for the audit and waits"),
        (9, 2, "2 members were drawn for the audit and wait"),
    ],
)
def test_the_audit_of_groups_says_when_it_comes(led: Served, labels: int, waiting: int, words: str) -> None:
    from ladle.campaign.groups import AUDIT_SHARE, GroupAudit

    audit = GroupAudit(labels, waiting, None)
    text = led.app.state.site.text("dashboard/group_audit.html", None, audit=audit, share=AUDIT_SHARE, wanted=0.95)
    assert "one of 20 members on" in text
    assert words in " ".join(text.split())
    assert f"{labels} {'label stands' if labels == 1 else 'labels stand'}" in text


def test_a_page_that_is_loaded_again_is_no_event(served: Served) -> None:
    """Until half of the lease is over, or more tasks are wanted."""
    ann, wish = served.annotator(), {"size": 4, "lease_seconds": 1800}
    first = ann.post("/label/tasks", json=wish).json()
    event = served.campaign.last_event()
    again = ann.post("/label/tasks", json=wish).json()
    assert (again["tasks"], again["lease_until"]) == (first["tasks"], first["lease_until"])
    assert 1000 < again["lease_left"] <= first["lease_left"] <= 1800
    assert served.campaign.last_event() == event
    ann.post("/label/tasks", json=wish | {"size": 5})
    assert served.campaign.last_event() == event + 1
    longer = ann.post("/label/tasks", json=wish | {"lease_seconds": 7200}).json()
    assert longer["lease_until"] > first["lease_until"] + 3600
    assert served.campaign.last_event() == event + 2
